using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>One HTTP/2 connection to one address, carrying any number of gRPC calls.</summary>
/// <remarks>
/// Small on purpose: no compression, no retries, no load balancing. Every failure is a <see cref="GrpcException"/>,
/// every cancellation an <see cref="OperationCanceledException"/> with the caller's token.
/// </remarks>
internal sealed class GrpcChannel : IDisposable
{
    private static readonly MediaTypeHeaderValue ContentType = new("application/grpc");

    private readonly HttpMessageInvoker _invoker;
    private readonly TimeProvider _timeProvider;
    private readonly IReadOnlyDictionary<string, string> _metadata;
    private readonly Func<string?> _refusal;

    // Never disposed: it has no timer, and a call may still be linking itself to it.
    private readonly CancellationTokenSource _closing = new();

    /// <param name="address">Where to connect to.</param>
    /// <param name="handler">How to connect; disposed with the channel.</param>
    /// <param name="metadata">What is told with every call.</param>
    /// <param name="timeProvider">The clock of the calls' deadlines.</param>
    /// <param name="refusal">Tells, when a connection failed, whether the server refused it, and why.</param>
    public GrpcChannel(
        Uri address,
        HttpMessageHandler handler,
        IReadOnlyDictionary<string, string> metadata,
        TimeProvider timeProvider,
        Func<string?> refusal)
    {
        _refusal = refusal;
        Address = address;
        _invoker = new HttpMessageInvoker(handler);
        _metadata = metadata;
        _timeProvider = timeProvider;
    }

    public Uri Address { get; }

    public bool IsClosed => _closing.IsCancellationRequested;

    /// <summary>What a failure means, if the server refused the connection: it knows better than the HTTP stack.</summary>
    public GrpcException Refine(GrpcException error) =>
        error is { IsAnswer: false, Code: GrpcStatusCode.Unavailable, InnerException: not null } && _refusal() is { } refusal
            ? new GrpcException(GrpcStatusCode.Unavailable, refusal, error.InnerException) { IsUnsent = error.IsUnsent }
            : error;

    /// <summary>One request, one answer.</summary>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, string? token, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var deadline = new GrpcDeadline(timeout, _timeProvider, cancellationToken);
        try
        {
            using var message = NewRequest(method.Path, new ByteArrayContent(GrpcFrame.Encode(request)), token);
            message.Headers.TryAddWithoutValidation(
                "grpc-timeout", string.Create(CultureInfo.InvariantCulture, $"{(long)timeout.TotalMilliseconds}m"));
            using var response = await _invoker.SendAsync(message, deadline.Token).ConfigureAwait(false);
            return await ReadSingleAsync(response, method.ResponseParser, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw deadline.Explain(e);
        }
    }

    /// <summary>Any number of requests and answers. Never fails: a failure is told to whoever reads.</summary>
    public GrpcDuplexCall<TRequest, TResponse> Open<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method, string? token)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        new(
            // Not disposed with its headers' arrival like a single call's: the content is still being sent then.
            (content, ending) => _invoker.SendAsync(NewRequest(method.Path, content, token), ending),
            method.ResponseParser,
            _closing.Token);

    /// <summary>Ends the streams at once and the connection as soon as the last single call has its answer.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _invoker.Dispose();
    }

    private static async Task<TResponse> ReadSingleAsync<TResponse>(
        HttpResponseMessage response, MessageParser<TResponse> parser, CancellationToken cancellationToken)
        where TResponse : class, IMessage<TResponse>
    {
        GrpcResponse.EnsureMessages(response);
        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var answer = await GrpcFrame.ReadAsync(body, parser, cancellationToken).ConfigureAwait(false);

        // The status is in the trailers, and those are there only once the body was read to its end.
        var second = answer is null
            ? null
            : await GrpcFrame.ReadAsync(body, parser, cancellationToken).ConfigureAwait(false);
        GrpcResponse.EnsureOk(response);
        return second is null && answer is not null
            ? answer
            : throw new GrpcException(GrpcStatusCode.Internal, "not exactly one answer to one request");
    }

    private HttpRequestMessage NewRequest(string path, HttpContent content, string? token)
    {
        content.Headers.ContentType = ContentType;
        var message = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, path))
        {
            Content = content,
            Version = HttpVersion.Version20,
            // Prior knowledge on http: there is nothing to upgrade from.
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Headers.TryAddWithoutValidation("te", "trailers");
        foreach (var (name, value) in _metadata)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        if (token is not null)
        {
            message.Headers.TryAddWithoutValidation("token", token);
        }

        return message;
    }
}
