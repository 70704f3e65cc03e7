using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>How an <see cref="HttpClient"/> finds services; see <c>AddEtcdDiscovery()</c> on its builder.</summary>
public sealed class HttpDiscoveryOptions
{
    /// <summary>
    /// The maximum number of instances that a request is sent to, including the first one, if connecting fails. In that case no server has
    /// received the request, so it is safe to send any method and content to the next instance.
    /// </summary>
    /// <value>The default is 3. From 1 (no other instance is tried) to 10.</value>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>
    /// Whether a request is also sent to the next instance if its connection breaks before a response arrives. Applies only to idempotent
    /// methods (RFC 9110, 9.2.2: <c>GET</c>, <c>HEAD</c>, <c>OPTIONS</c>, <c>TRACE</c>, <c>PUT</c>, <c>DELETE</c>), with content that can
    /// be sent again.
    /// </summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool RetryIdempotent { get; set; } = true;

    /// <summary>
    /// The hosts that are looked up in the registry. <c>catalog</c> matches one name, <c>*.internal</c> all names below it, and <c>*</c>
    /// every host. Required for clients configured by <c>ConfigureHttpClientDefaults</c>, because these also call other hosts.
    /// </summary>
    /// <remarks>
    /// Every application that can write to the registry can receive the requests for a host that is looked up, including their credentials.
    /// This list limits which hosts are looked up; with <c>*</c>, you trust all writers of the registry. A list that is configured by
    /// <c>ConfigureHttpClientDefaults</c> does not apply to a client with its own <c>AddEtcdDiscovery()</c>.
    /// </remarks>
    /// <value>
    /// The default is none. A client with its own <c>AddEtcdDiscovery()</c> then looks up every host except <see cref="ExternalHosts"/>;
    /// for clients configured by <c>ConfigureHttpClientDefaults</c>, an empty list is an error at start.
    /// </value>
    public IList<string> ServiceHosts { get; set; } = [];

    /// <summary>
    /// Hosts that are resolved by DNS instead of the registry: <c>api.example.com</c>, or <c>*.example.com</c> for all names below it. They
    /// take precedence over <see cref="ServiceHosts"/>.
    /// </summary>
    /// <value>The default is none; IP addresses, <c>localhost</c> and hosts with a port other than the scheme's need not be listed.</value>
    public IList<string> ExternalHosts { get; set; } = [];

    /// <summary>
    /// The networks, such as <c>10.0.0.0/8</c>, that instances may be in. No request is sent to an instance outside them, whether it is
    /// registered by address or by name.
    /// </summary>
    /// <remarks>
    /// If set, this client connects through a <see cref="SocketsHttpHandler.ConnectCallback"/>; the client must have a
    /// <see cref="SocketsHttpHandler"/> without a callback as its primary handler. Hosts that are not looked up are not checked. With an
    /// HTTP proxy, the proxy's address is checked instead of that of a registered name.
    /// </remarks>
    /// <value>The default is none: any address.</value>
    public IList<string> AllowedNetworks { get; set; } = [];

    /// <summary>The address of an instance that requests are sent to.</summary>
    /// <value>
    /// The default is <see cref="ServiceNetwork.Public"/>; <see cref="ServiceRequest.Network"/> overrides it for one request.
    /// </value>
    public ServiceNetwork Network { get; set; }

    /// <summary>
    /// The name that requests carry in the <c>Host</c> header (<c>:authority</c> in HTTP/2) and in the server name indication of TLS,
    /// against which the server's certificate is verified.
    /// </summary>
    /// <remarks>
    /// <see cref="HttpHostName.Service"/> suits instances that are registered by address and share one certificate or virtual host. A
    /// <c>Host</c> header that the caller set is kept. A redirect to another host keeps the header.
    /// </remarks>
    /// <value>The default is <see cref="HttpHostName.Instance"/>.</value>
    public HttpHostName HostName { get; set; }

    /// <summary>Whether the client has its own <c>AddEtcdDiscovery()</c>, in addition to the defaults.</summary>
    internal bool IsOwn { get; set; }

    /// <summary>Whether a host is looked up in the registry.</summary>
    internal bool LooksUp(string host) =>
        ((IsOwn && ServiceHosts.Count == 0) || HostPatterns.AnyMatches(ServiceHosts, host)) && !HostPatterns.AnyMatches(ExternalHosts, host);
}
