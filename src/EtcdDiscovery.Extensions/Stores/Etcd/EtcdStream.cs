using EtcdDiscovery.Stores.Etcd.Grpc;
using Google.Protobuf;

namespace EtcdDiscovery.Stores.Etcd;

/// <summary>A stream of requests and answers to the endpoint that was in use when it was opened.</summary>
internal sealed class EtcdStream<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly EtcdClient _client;
    private readonly GrpcChannel _channel;
    private readonly GrpcDuplexCall<TRequest, TResponse> _call;

    public EtcdStream(EtcdClient client, GrpcChannel channel, GrpcDuplexCall<TRequest, TResponse> call, string? token)
    {
        _client = client;
        _channel = channel;
        _call = call;
        Token = token;
    }

    /// <summary>The token in whose name it speaks, for as long as it lasts.</summary>
    public string? Token { get; }

    /// <summary>Whether its endpoint has been left, and the stream with it.</summary>
    public bool IsLeft => _channel.IsClosed;

    public string Endpoint => EtcdAddress.Display(_channel.Address);

    public void Write(TRequest request) => _call.Write(request);

    /// <summary>Waits for the next answer.</summary>
    /// <exception cref="GrpcException">The stream failed, or the server ended it.</exception>
    public async ValueTask<TResponse> ReadAsync(CancellationToken cancellationToken) =>
        await _call.ReadAsync(cancellationToken).ConfigureAwait(false)
        // No service of etcd has a reason to end a stream; who takes this for success waits for ever.
        ?? throw new GrpcException(GrpcStatusCode.Aborted, "the server ended the stream") { IsAnswer = true };

    /// <inheritdoc cref="EtcdClient.Fail"/>
    public EtcdDiscoveryException Fail(GrpcException error) => _client.Fail(_channel, error);

    public ValueTask DisposeAsync() => _call.DisposeAsync();
}
