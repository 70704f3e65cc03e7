using EtcdDiscovery;
using EtcdDiscovery.Http;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds service discovery to the clients of <c>HttpClientFactory</c>.</summary>
public static class EtcdDiscoveryHttpClientBuilderExtensions
{
    /// <summary>
    /// Sends requests for <c>http://catalog/items</c> to an instance of the service <c>catalog</c>, and to another instance if the first
    /// cannot be reached. <c>https+http://catalog</c> uses https if the instance has a port for it, else http; <c>http://_grpc.catalog</c>
    /// uses the port named <c>grpc</c>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// IP addresses, <c>localhost</c>, hosts with a port other than the scheme's default and
    /// <see cref="HttpDiscoveryOptions.ExternalHosts"/> go to DNS unchanged. On the builder of <c>ConfigureHttpClientDefaults</c>, only
    /// <see cref="HttpDiscoveryOptions.ServiceHosts"/> are looked up, and at least one is required. Host names in URLs are in lower case,
    /// so a service that is called by URL needs a lower-case name.
    /// </para>
    /// <para>
    /// Requests fail with <see cref="ServiceNotFoundException"/> if the service is unknown, with <see cref="UnknownSchemeException"/> if no
    /// instance has the port, and with another <see cref="EtcdDiscoveryException"/> if etcd refuses the read or no instance has a usable
    /// address. Transient failures, such as no instance at the moment or an unreachable etcd, are thrown as an
    /// <see cref="HttpRequestException"/> with the reason as its inner exception, so that resilience handlers retry them.
    /// </para>
    /// <para>
    /// The service's user and password are sent as <c>Authorization: Basic</c> unless the request has an <c>Authorization</c> header. They
    /// are not sent to the target of a redirect. A certificate has to be valid for the instance's host name.
    /// </para>
    /// <para>
    /// The handler runs inside all others, such as retry handlers, regardless of the order in which they are added. Repeated calls are
    /// harmless. Service discovery is added if it has not been added yet.
    /// </para>
    /// </remarks>
    /// <param name="builder">The client to add to.</param>
    /// <param name="configure">Changes the client's settings.</param>
    /// <returns>The client's builder.</returns>
    public static IHttpClientBuilder AddEtcdDiscovery(
        this IHttpClientBuilder builder, Action<HttpDiscoveryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddEtcdDiscovery();
        ClientDiscovery.Add(builder.Services, builder.Name);
        if (configure is not null)
        {
            ClientDiscovery.Configure(builder.Services, builder.Name, configure);
        }

        return builder;
    }
}
