using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery;

/// <summary>Goes on configuring service discovery after <c>AddEtcdDiscovery()</c>.</summary>
public interface IEtcdDiscoveryBuilder
{
    /// <summary>The services that discovery was added to.</summary>
    IServiceCollection Services { get; }

    /// <summary>Keeps everything in memory, whatever <see cref="EtcdDiscoveryOptions.Store"/> says: for tests.</summary>
    /// <param name="shared">A store to share with other hosts of this process; without one, the host has its own.</param>
    /// <returns>The builder.</returns>
    IEtcdDiscoveryBuilder UseInMemoryStore(InMemoryDiscoveryStore? shared = null);

    /// <summary>Uses a store of your own, whatever <see cref="EtcdDiscoveryOptions.Store"/> says.</summary>
    /// <param name="factory">Makes the store, once; it is disposed with the host.</param>
    /// <returns>The builder.</returns>
    IEtcdDiscoveryBuilder UseStore(Func<IServiceProvider, IDiscoveryStore> factory);
}
