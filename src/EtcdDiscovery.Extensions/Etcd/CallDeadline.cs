using System.Globalization;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>A caller's token and a time limit in one, and afterwards the answer to which of them it was.</summary>
internal sealed class CallDeadline : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly CancellationToken _callerToken;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _linked;

    public CallDeadline(TimeSpan timeout, TimeProvider timeProvider, CancellationToken callerToken)
    {
        _timeout = timeout;
        _callerToken = callerToken;
        _timer = new CancellationTokenSource(timeout, timeProvider);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(callerToken, _timer.Token);
    }

    public CancellationToken Token => _linked.Token;

    public static EtcdCallException Exceeded(TimeSpan timeout) => new(
        StatusCode.DeadlineExceeded,
        string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalSeconds:0.###} s"));

    /// <summary>Turns what a call threw into the caller's cancellation, the end of its time, or what it is.</summary>
    public Exception Explain(Exception exception)
    {
        if (_callerToken.IsCancellationRequested)
        {
            return new OperationCanceledException(_callerToken);
        }

        return _timer.IsCancellationRequested && exception is not EtcdCallException { IsAnswer: true } ? Exceeded(_timeout) : exception;
    }

    public void Dispose()
    {
        _linked.Dispose();
        _timer.Dispose();
    }
}
