using EtcdDiscovery.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery;

/// <summary>Goes on configuring service discovery after <c>AddEtcdDiscovery()</c>.</summary>
public interface IEtcdDiscoveryBuilder
{
    /// <summary>The services that discovery was added to.</summary>
    IServiceCollection Services { get; }

    /// <summary>Registers a further service of this process. All of them share one session in etcd.</summary>
    /// <param name="sectionName">
    /// The configuration section with its <see cref="ServiceRegistrationOptions"/>, such as <c>EtcdDiscovery:Services:admin</c>.
    /// Its name is required. Naming a section twice is harmless.
    /// </param>
    /// <returns>The builder.</returns>
    IEtcdDiscoveryBuilder AddService(string sectionName);

    /// <summary>Registers a further service of this process. All of them share one session in etcd.</summary>
    /// <param name="configure">Says what to register; a name is required.</param>
    /// <returns>The builder.</returns>
    IEtcdDiscoveryBuilder AddService(Action<ServiceRegistrationOptions> configure);

    /// <summary>Keeps everything in memory, whatever <see cref="EtcdDiscoveryOptions.Store"/> says: for tests.</summary>
    /// <param name="shared">A store to share with other hosts of this process; without one, the host has its own.</param>
    /// <returns>The builder.</returns>
    IEtcdDiscoveryBuilder UseInMemoryStore(InMemoryDiscoveryStore? shared = null);

    /// <summary>Uses a store of your own, whatever <see cref="EtcdDiscoveryOptions.Store"/> says.</summary>
    /// <param name="factory">Makes the store, once; it is disposed with the host.</param>
    /// <returns>The builder.</returns>
    IEtcdDiscoveryBuilder UseStore(Func<IServiceProvider, IDiscoveryStore> factory);
}
