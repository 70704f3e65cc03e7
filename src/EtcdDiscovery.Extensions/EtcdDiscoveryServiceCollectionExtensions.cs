using EtcdDiscovery;
using EtcdDiscovery.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds service discovery on etcd.</summary>
public static class EtcdDiscoveryServiceCollectionExtensions
{
    /// <summary>
    /// Adds service discovery, configured by the section <c>EtcdDiscovery</c>. The configured service stays registered while the
    /// application handles requests. <see cref="IServiceResolver"/> and <see cref="IServiceRegistry"/> are added as singletons.
    /// </summary>
    /// <remarks>Repeated calls are harmless. Settings are validated when the host starts.</remarks>
    /// <param name="services">The services to add to.</param>
    /// <param name="configure">Changes the settings after the configuration has been bound.</param>
    /// <returns>A builder for further configuration.</returns>
    public static IEtcdDiscoveryBuilder AddEtcdDiscovery(
        this IServiceCollection services, Action<EtcdDiscoveryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        DiscoveryServices.Add(services);
        if (configure is not null)
        {
            services.Configure(configure);
        }

        return new EtcdDiscoveryBuilder(services);
    }
}
