using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Testing.Tests.Stores;

/// <summary>A store from outside the library passes the suite.</summary>
public sealed class LogStoreConformance : DiscoveryStoreConformance
{
    protected override Task<IDiscoveryStore> CreateStoreAsync() => Task.FromResult<IDiscoveryStore>(new LogStore());
}
