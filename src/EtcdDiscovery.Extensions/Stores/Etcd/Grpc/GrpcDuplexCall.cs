using System.Net;
using System.Threading.Channels;
using Google.Protobuf;

namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>A call with any number of requests and answers. One reader at a time; anybody may write.</summary>
internal sealed class GrpcDuplexCall<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    // Unbounded because every request is answered or given up within a deadline, and giving up ends the call.
    private readonly Channel<TRequest> _requests = Channel.CreateUnbounded<TRequest>(new() { SingleReader = true });
    private readonly CancellationTokenSource _ending;
    private readonly MessageParser<TResponse> _parser;
    private readonly Task<HttpResponseMessage> _sending;
    private Stream? _body;

    public GrpcDuplexCall(
        Func<HttpContent, CancellationToken, Task<HttpResponseMessage>> sendAsync,
        MessageParser<TResponse> parser,
        CancellationToken channelClosing)
    {
        _parser = parser;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(channelClosing);
        // Servers may send their headers only with the first answer, so this completes after the first writes.
        _sending = sendAsync(new RequestStream(_requests.Reader, _ending.Token), _ending.Token);
    }

    /// <summary>Sends a request soon. When the call has ended, the reader is told, not the writer.</summary>
    public void Write(TRequest request) => _requests.Writer.TryWrite(request);

    /// <summary>Waits for the next answer; after a cancelled wait the call is of no more use.</summary>
    /// <returns>The answer, or <see langword="null"/> when the server ended the call with success.</returns>
    public async ValueTask<TResponse?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            _body ??= await OpenBodyAsync(cancellationToken).ConfigureAwait(false);
            var answer = await GrpcFrame.ReadAsync(_body, _parser, cancellationToken).ConfigureAwait(false);
            if (answer is null)
            {
                GrpcResponse.EnsureOk(await _sending.ConfigureAwait(false));
            }

            return answer;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The channel was closed under the call: what the HTTP stack says of that would only mislead.
            throw _ending.IsCancellationRequested
                ? new GrpcException(GrpcStatusCode.Unavailable, "the connection was given up", e)
                : GrpcTransport.Explain(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _ending.CancelAsync().ConfigureAwait(false);
        await ((Task)_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_sending.IsCompletedSuccessfully)
        {
            (await _sending.ConfigureAwait(false)).Dispose();
        }

        _ending.Dispose();
    }

    private async Task<Stream> OpenBodyAsync(CancellationToken cancellationToken)
    {
        var response = await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        GrpcResponse.EnsureMessages(response);
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The request's body: frames, for as long as the call lasts.</summary>
    private sealed class RequestStream(ChannelReader<TRequest> requests, CancellationToken ending) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        // Two tokens end it: the HTTP stack's when the server ends the call, ours when we do, which resets the stream.
        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending);
            await foreach (var request in requests.ReadAllAsync(linked.Token).ConfigureAwait(false))
            {
                await stream.WriteAsync(GrpcFrame.Encode(request), linked.Token).ConfigureAwait(false);
                await stream.FlushAsync(linked.Token).ConfigureAwait(false);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
