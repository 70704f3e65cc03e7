using System.Threading.Channels;
using EtcdDiscovery.Transport;
using Google.Protobuf;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>A stream of requests and answers to the endpoint that was in use when it was opened. One reader at a time; any thread may write.</summary>
internal sealed class EtcdStream<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    // Unbounded because every request is answered or given up within a deadline, and giving up ends the call.
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

    /// <summary>The token in whose name it speaks, for as long as it lasts.</summary>
    public string? Token { get; }

    /// <summary>Whether its endpoint has been left, and the stream with it.</summary>
    public bool IsLeft => _connection.Closing.IsCancellationRequested;

    public string Endpoint => EtcdAddress.Display(_connection.Address);

    /// <summary>Sends a request soon. When the call has ended, the reader is told, not the writer.</summary>
    public void Write(TRequest request) => _requests.Writer.TryWrite(request);

    /// <summary>Waits for the next answer; after a cancelled wait the call is of no more use.</summary>
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
            // The connection was closed under the call: what the HTTP stack says of that would only mislead.
            throw _ending.IsCancellationRequested
                ? new EtcdCallException(StatusCode.Unavailable, "the connection was given up", (e as RpcException)?.Status.DebugException)
                : EtcdCallException.From(e, _call);
        }

        // No service of etcd has a reason to end a stream; to take this for success would be to wait for ever.
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

    // Grpc.Net takes one write at a time.
    private async Task WriteAllAsync(CancellationToken ending)
    {
        await foreach (var request in _requests.Reader.ReadAllAsync(ending).ConfigureAwait(false))
        {
            await _messages.RequestStream.WriteAsync(request, CancellationToken.None).ConfigureAwait(false);
        }
    }
}
