using EtcdDiscovery;
using EtcdDiscovery.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds service discovery on etcd.</summary>
public static class EtcdDiscoveryServiceCollectionExtensions
{
    /// <summary>
    /// Adds service discovery, configured by the section <c>EtcdDiscovery</c>: registers the host's own service while it
    /// serves, and adds <see cref="IServiceResolver"/> and <see cref="IServiceRegistry"/> as singletons.
    /// </summary>
    /// <remarks>Calling it more than once is harmless. Settings are validated when the host starts.</remarks>
    /// <param name="services">The services to add to.</param>
    /// <param name="configure">Changes the settings after the configuration was bound.</param>
    /// <returns>A builder to go on with.</returns>
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
