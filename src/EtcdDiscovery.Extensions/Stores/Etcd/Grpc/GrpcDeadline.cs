using System.Globalization;

namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>A caller's token and a time limit in one, and afterwards the answer to which of them it was.</summary>
internal sealed class GrpcDeadline : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly CancellationToken _callerToken;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _linked;

    public GrpcDeadline(TimeSpan timeout, TimeProvider timeProvider, CancellationToken callerToken)
    {
        _timeout = timeout;
        _callerToken = callerToken;
        _timer = new CancellationTokenSource(timeout, timeProvider);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(callerToken, _timer.Token);
    }

    public CancellationToken Token => _linked.Token;

    public static GrpcException Exceeded(TimeSpan timeout) => new(
        GrpcStatusCode.DeadlineExceeded,
        string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalSeconds:0.###} s"));

    /// <summary>Turns what a call threw into the caller's cancellation or one <see cref="GrpcException"/>.</summary>
    public Exception Explain(Exception exception)
    {
        if (_callerToken.IsCancellationRequested)
        {
            return new OperationCanceledException(_callerToken);
        }

        return exception is not GrpcException && _timer.IsCancellationRequested
            ? Exceeded(_timeout)
            : GrpcTransport.Explain(exception);
    }

    public void Dispose()
    {
        _linked.Dispose();
        _timer.Dispose();
    }
}
