using EtcdDiscovery;
using EtcdDiscovery.ServiceDiscovery;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.ServiceDiscovery;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Makes services in etcd available as endpoints of <c>Microsoft.Extensions.ServiceDiscovery</c>.</summary>
public static class EtcdServiceEndpointProviderExtensions
{
    /// <summary>
    /// Adds a provider that finds endpoints in etcd: for clients with <c>AddServiceDiscovery()</c>, and for YARP with
    /// <c>AddServiceDiscoveryDestinationResolver()</c>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Endpoints follow etcd without polling. While etcd is unreachable, the last known endpoints are returned. A name that has endpoints in the
    /// configuration keeps those, and a name that is not in etcd is left to the next provider. If no instance of a service can be called, its
    /// only endpoint is a name that cannot be resolved, such as <c>catalog.no-instance.invalid</c>.
    /// </para>
    /// <para>
    /// The features of each endpoint include its <see cref="ServiceInstance"/>. The caller's own load balancing picks among the endpoints:
    /// the library's pickers and ejections have no effect. The method also adds service discovery on etcd, unless it has already been
    /// added. Repeated calls are harmless.
    /// </para>
    /// </remarks>
    /// <param name="services">The services to add to.</param>
    /// <param name="configure">Changes the provider's options.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddEtcdServiceEndpointProvider(
        this IServiceCollection services, Action<EtcdServiceEndpointProviderOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddEtcdDiscovery();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IServiceEndpointProviderFactory, EtcdServiceEndpointProviderFactory>());
        if (configure is not null)
        {
            services.Configure(configure);
        }

        return services;
    }
}
