namespace EtcdDiscovery;

/// <summary>How an <see cref="HttpClient"/> finds services; see <c>AddEtcdDiscovery()</c> of its builder.</summary>
public sealed class HttpDiscoveryOptions
{
    /// <summary>
    /// How many instances a request is sent to at most, the first one included, when connecting fails. Nobody has seen
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

    /// <summary>Whether the name of an unknown service is left to DNS, in place of an exception.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool AllowUnresolved { get; set; }

    /// <summary>
    /// Hosts that are no services and left to DNS: <c>api.example.com</c>, or <c>*.example.com</c> for all names below.
    /// </summary>
    /// <value>The default is none; IP addresses, <c>localhost</c> and hosts with a port need not be listed.</value>
    public IList<string> ExternalHosts { get; set; } = [];

    /// <summary>Which address of an instance requests go to.</summary>
    /// <value>The default is <see cref="ServiceNetwork.Public"/>; <see cref="ServiceRequest.Network"/> says otherwise for one request.</value>
    public ServiceNetwork Network { get; set; }
}
