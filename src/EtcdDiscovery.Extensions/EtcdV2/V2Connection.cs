using System.Net;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;

namespace EtcdDiscovery.EtcdV2;

/// <summary>A pool of HTTP/1.1 connections to one member.</summary>
internal sealed class V2Connection : IDisposable
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpMessageInvoker _invoker;
    private readonly Func<EtcdLogin?> _login;
    private readonly Func<string?> _refusal;
    private readonly string _origin;

    // Never disposed: it has no timer, and a poll may be linking to it concurrently.
    private readonly CancellationTokenSource _closing = new();
    private volatile bool _hasAnswered;

    /// <param name="address">The address of the member.</param>
    /// <param name="handler">The HTTP handler; disposed with the connection.</param>
    /// <param name="login">Returns the current login; null if none is configured.</param>
    /// <param name="refusal">Returns why the server refused the connection; null if it did not.</param>
    public V2Connection(Uri address, HttpMessageHandler handler, Func<EtcdLogin?> login, Func<string?> refusal)
    {
        (_login, _refusal) = (login, refusal);
        Endpoint = EtcdAddress.Display(address);
        _origin = address.GetLeftPart(UriPartial.Authority);
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>The member's address for display.</summary>
    public string Endpoint { get; }

    /// <summary>Cancelled when the member is left.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Replaces the error of the HTTP stack with a more precise one, if the server refused the connection.</summary>
    /// <remarks>A server that has answered before does not refuse connections, even if a pooled connection ended unused.</remarks>
    public V2Failure Refine(V2Failure failure) =>
        !_hasAnswered && _refusal() is { } refusal ? failure.Because(refusal) : failure;

    /// <summary>Sends a request. Completes when the response headers have arrived.</summary>
    public async Task<HttpResponseMessage> SendAsync(V2Request request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(_origin + request.PathAndQuery, AsWritten))
        {
            Content = request.Form is { } form ? new FormUrlEncodedContent(form) : null,
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Headers.Authorization = _login() is { } login ? BasicAuthentication.HeaderOf(login.User, login.Password) : null;
        var response = await _invoker.SendAsync(message, cancellationToken).ConfigureAwait(false);
        _hasAnswered = true;
        return response;
    }

    /// <summary>Ends the polls at once. The connections end when the last other request has completed.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _invoker.Dispose();
    }
}
