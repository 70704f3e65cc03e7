using System.Net;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;

namespace EtcdDiscovery.EtcdV2;

/// <summary>The way to one member: a pool of HTTP/1.1 connections.</summary>
internal sealed class V2Connection : IDisposable
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpMessageInvoker _invoker;
    private readonly Func<EtcdLogin?> _login;
    private readonly Func<string?> _refusal;
    private readonly string _origin;

    // Never disposed: it has no timer, and a poll may still be linking itself to it.
    private readonly CancellationTokenSource _closing = new();
    private volatile bool _hasAnswered;

    /// <param name="address">Where to connect to.</param>
    /// <param name="handler">How to connect; disposed with the connection.</param>
    /// <param name="login">The login as it is now; null when etcd asks for none.</param>
    /// <param name="refusal">Tells, when a request failed, whether the server refused the connection, and why.</param>
    public V2Connection(Uri address, HttpMessageHandler handler, Func<EtcdLogin?> login, Func<string?> refusal)
    {
        (_login, _refusal) = (login, refusal);
        Endpoint = EtcdAddress.Display(address);
        _origin = address.GetLeftPart(UriPartial.Authority);
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>The member's address, as people may see it.</summary>
    public string Endpoint { get; }

    /// <summary>Is cancelled when the member is left.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>What a failure means, if the server refuses us: the connection knows better than the HTTP stack.</summary>
    /// <remarks>Once it has answered, it does not refuse us, even if one of the pool's connections ended unused.</remarks>
    public V2Failure Refine(V2Failure failure) =>
        !_hasAnswered && _refusal() is { } refusal ? failure.Because(refusal) : failure;

    /// <summary>Sends a request; completes with the answer's headers.</summary>
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

    /// <summary>Ends the polls at once and the connections as soon as their last single call has its answer.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _invoker.Dispose();
    }
}
