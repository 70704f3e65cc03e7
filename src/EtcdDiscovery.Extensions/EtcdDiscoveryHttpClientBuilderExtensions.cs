using EtcdDiscovery;
using EtcdDiscovery.Http;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets clients of <c>HttpClientFactory</c> find services.</summary>
public static class EtcdDiscoveryHttpClientBuilderExtensions
{
    /// <summary>
    /// Sends requests for <c>http://catalog/items</c> to an instance of the service <c>catalog</c>, and to another one
    /// when that cannot be reached. <c>https+http://catalog</c> takes https where the instance has such a port, else
    /// http; <c>http://_grpc.catalog</c> takes the port named <c>grpc</c>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// IP addresses, <c>localhost</c>, hosts with a port other than the scheme's and
    /// <see cref="HttpDiscoveryOptions.ExternalHosts"/> go to DNS unchanged. On the builder of
    /// <c>ConfigureHttpClientDefaults</c> only <see cref="HttpDiscoveryOptions.ServiceHosts"/> are looked up, and at least one
    /// is required. URLs have host names in lower case, so names of services that are called this way need to be.
    /// </para>
    /// <para>
    /// Requests fail with <see cref="ServiceNotFoundException"/> when nothing is known of the service, with
    /// <see cref="UnknownSchemeException"/> when no instance has the port, and with another
    /// <see cref="EtcdDiscoveryException"/> when etcd refuses the read or no instance has a usable address. What may pass, no
    /// instance at the moment or an etcd that cannot be reached, is an <see cref="HttpRequestException"/> with the reason as
    /// its inner exception, which resilience handlers retry.
    /// </para>
    /// <para>
    /// The service's user and password are sent as <c>Authorization: Basic</c> when the request has no such header. They
    /// do not follow a redirect, wherever it leads. A certificate has to be valid for the instance's host name.
    /// </para>
    /// <para>
    /// The handler stands below all others, such as those that retry, in whichever order they are added. Calling it more
    /// than once is harmless. Adds service discovery when it is not there yet.
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
