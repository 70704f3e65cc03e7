namespace EtcdDiscovery;

/// <summary>How an <see cref="HttpClient"/> finds services; see <c>AddEtcdDiscovery()</c> of its builder.</summary>
public sealed class HttpDiscoveryOptions
{
    /// <summary>
    /// How many instances a request is sent to at most, the first one included, when connecting fails. No server has seen
    /// the request then, so any method and content can go to the next instance.
    /// </summary>
    /// <value>The default is 3. From 1 (no other instance is tried) to 10.</value>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>
    /// Whether a request that was sent goes to the next instance too when its connection breaks before any answer. Only
    /// for methods that may be repeated (RFC 9110, 9.2.2: <c>GET</c>, <c>HEAD</c>, <c>OPTIONS</c>, <c>TRACE</c>,
    /// <c>PUT</c>, <c>DELETE</c>), with content that can be sent again.
    /// </summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool RetryIdempotent { get; set; } = true;

    /// <summary>
    /// The hosts that are looked up in the registry. <c>catalog</c> is one name, <c>*.internal</c> all names below, and <c>*</c> every host.
    /// Required for clients configured by <c>ConfigureHttpClientDefaults</c>, which call more than services.
    /// </summary>
    /// <remarks>
    /// Every application that may write to the registry can receive the requests for a host that is looked up, with whatever
    /// credentials they carry. Listing hosts here decides which; <c>*</c> means to trust all writers of the registry. The list of the default
    /// clients does not apply to a client with an <c>AddEtcdDiscovery()</c> of its own.
    /// </remarks>
    /// <value>
    /// The default is none. A client with an <c>AddEtcdDiscovery()</c> of its own then looks up every host but <see cref="ExternalHosts"/>;
    /// for default clients it is refused at start.
    /// </value>
    public IList<string> ServiceHosts { get; set; } = [];

    /// <summary>
    /// Hosts that are not looked up and go to DNS as they are: <c>api.example.com</c>, or <c>*.example.com</c> for all names
    /// below. They take precedence over <see cref="ServiceHosts"/>.
    /// </summary>
    /// <value>The default is none; IP addresses, <c>localhost</c> and hosts with a port other than the scheme's need not be listed.</value>
    public IList<string> ExternalHosts { get; set; } = [];

    /// <summary>
    /// The networks, such as <c>10.0.0.0/8</c>, that instances may be in. An instance outside them gets no request, whether it
    /// is registered by address or by a name that DNS resolves to one.
    /// </summary>
    /// <remarks>
    /// When set, connections of this client are made by a <see cref="SocketsHttpHandler.ConnectCallback"/>; the client must have a
    /// <see cref="SocketsHttpHandler"/> without one as its primary handler. Hosts that are not looked up are not judged. With an
    /// HTTP proxy, the proxy's address is judged in place of a registered name's.
    /// </remarks>
    /// <value>The default is none: any address.</value>
    public IList<string> AllowedNetworks { get; set; } = [];

    /// <summary>Which address of an instance requests go to.</summary>
    /// <value>The default is <see cref="ServiceNetwork.Public"/>; <see cref="ServiceRequest.Network"/> says otherwise for one request.</value>
    public ServiceNetwork Network { get; set; }

    /// <summary>
    /// Whose name requests carry in the <c>Host</c> header (in HTTP/2 <c>:authority</c>), and for TLS in the server name indication, which the
    /// server's certificate is checked against.
    /// </summary>
    /// <remarks>
    /// <see cref="HttpHostName.Service"/> suits instances that are registered by address and share one certificate or virtual host. A
    /// <c>Host</c> header that the caller set stays. A redirect to another host carries the header along.
    /// </remarks>
    /// <value>The default is <see cref="HttpHostName.Instance"/>.</value>
    public HttpHostName HostName { get; set; }

    /// <summary>Whether the client was given an <c>AddEtcdDiscovery()</c> of its own, not only the defaults'.</summary>
    internal bool IsOwn { get; set; }

    /// <summary>Whether a host is looked up in the registry.</summary>
    internal bool LooksUp(string host) =>
        ((IsOwn && ServiceHosts.Count == 0) || ServiceHosts.Any(pattern => Matches(pattern, host))) && !ExternalHosts.Any(pattern => Matches(pattern, host));

    private static bool Matches(string pattern, string host) => pattern == "*"
        || (pattern.StartsWith("*.", StringComparison.Ordinal)
            ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(pattern, StringComparison.OrdinalIgnoreCase));
}
