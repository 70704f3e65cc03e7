using System.Threading.Channels;
using EtcdDiscovery.Transport;
using Google.Protobuf;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>
/// A bidirectional stream to the endpoint that was current when it was opened. One reader at a time; any thread may write.
/// </summary>
internal sealed class EtcdStream<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    // Can be unbounded, because the stream is closed if a request is not answered within a deadline.
    private readonly Channel<TRequest> _requests = Channel.CreateUnbounded<TRequest>(new() { SingleReader = true });
    private readonly EtcdClient _client;
    private readonly EtcdConnection _connection;
    private readonly EtcdCall _call = new(timeout: null);
    private readonly CancellationTokenSource _ending;
    private readonly AsyncDuplexStreamingCall<TRequest, TResponse> _messages;
    private readonly Task _writing;

    public EtcdStream(
        EtcdClient client,
        EtcdConnection connection,
        Func<EtcdConnection, CallOptions, AsyncDuplexStreamingCall<TRequest, TResponse>> start,
        string? token)
    {
        _client = client;
        _connection = connection;
        Token = token;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(connection.Closing);
        _messages = connection.Open(start, _call, token, _ending.Token);
        _writing = WriteAllAsync(_ending.Token);
    }

    /// <summary>The token that the stream was opened with.</summary>
    public string? Token { get; }

    /// <summary>Whether the stream's endpoint has been left.</summary>
    public bool IsLeft => _connection.Closing.IsCancellationRequested;

    public string Endpoint => EtcdAddress.Display(_connection.Address);

    /// <summary>Queues a request. If the call has ended, reading throws the failure, not writing.</summary>
    public void Write(TRequest request) => _requests.Writer.TryWrite(request);

    /// <summary>Waits for the next response. After a cancelled wait, the stream can no longer be used.</summary>
    /// <exception cref="EtcdCallException">The stream failed, or the server ended it.</exception>
    public async ValueTask<TResponse> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await _messages.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                return _messages.ResponseStream.Current;
            }
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // The connection was closed on purpose, so the error of the HTTP stack would be misleading.
            throw _ending.IsCancellationRequested
                ? new EtcdCallException(StatusCode.Unavailable, "the connection was closed", (e as RpcException)?.Status.DebugException)
                : EtcdCallException.From(e, _call);
        }

        // etcd never ends a stream normally. A clean end must not count as success, because the caller would wait forever.
        throw new EtcdCallException(StatusCode.Aborted, "the server ended the stream") { IsAnswer = true };
    }

    /// <inheritdoc cref="EtcdClient.Fail"/>
    public EtcdDiscoveryException Fail(EtcdCallException error) => _client.Fail(_connection, error);

    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _ending.CancelAsync().ConfigureAwait(false);
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _messages.Dispose();
        _ending.Dispose();
    }

    // Grpc.Net allows only one write at a time.
    private async Task WriteAllAsync(CancellationToken ending)
    {
        await foreach (var request in _requests.Reader.ReadAllAsync(ending).ConfigureAwait(false))
        {
            await _messages.RequestStream.WriteAsync(request, CancellationToken.None).ConfigureAwait(false);
        }
    }
}
