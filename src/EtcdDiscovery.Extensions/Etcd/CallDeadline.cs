using System.Globalization;
using EtcdDiscovery.Primitives;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>The time limit of a call. Translates the failures that the limit causes.</summary>
internal sealed class CallDeadline(TimeSpan limit, TimeProvider timeProvider, CancellationToken callerToken) : IDisposable
{
    private readonly LinkedTimeout _timeout = new(limit, timeProvider, callerToken);

    public CancellationToken Token => _timeout.Token;

    public static EtcdCallException Exceeded(TimeSpan timeout) => new(
        StatusCode.DeadlineExceeded,
        string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalSeconds:0.###} s"));

    /// <summary>
    /// Translates an exception of the call into an exceeded deadline or the caller's cancellation, if one of them caused it. Otherwise,
    /// returns the exception unchanged.
    /// </summary>
    public Exception Explain(Exception exception)
    {
        if (_timeout.HasExpired && exception is not EtcdCallException { IsAnswer: true })
        {
            return Exceeded(limit);
        }

        return callerToken.IsCancellationRequested ? new OperationCanceledException(callerToken) : exception;
    }

    public void Dispose() => _timeout.Dispose();
}
