using System.Net;

namespace EtcdDiscovery.Stores.EtcdV2;

/// <summary>The way to one member: a pool of HTTP/1.1 connections.</summary>
internal sealed class V2Connection : IDisposable
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpMessageInvoker _invoker;
    private readonly string _origin;

    // Never disposed: it has no timer, and a poll may still be linking itself to it.
    private readonly CancellationTokenSource _closing = new();

    public V2Connection(Uri address, HttpMessageHandler handler)
    {
        Endpoint = EtcdAddress.Display(address);
        _origin = address.GetLeftPart(UriPartial.Authority);
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>The member's address, as people may see it.</summary>
    public string Endpoint { get; }

    /// <summary>Is cancelled when the member is left.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Sends a request; completes with the answer's headers.</summary>
    public async Task<HttpResponseMessage> SendAsync(V2Request request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(_origin + request.PathAndQuery, AsWritten))
        {
            Content = request.Form is { } form ? new FormUrlEncodedContent(form) : null,
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return await _invoker.SendAsync(message, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the polls at once and the connections as soon as their last single call has its answer.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _invoker.Dispose();
    }
}
