using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Stores;

public sealed class InMemoryStoreConformance : DiscoveryStoreConformance
{
    protected override Task<IDiscoveryStore> CreateStoreAsync() => Task.FromResult<IDiscoveryStore>(new InMemoryDiscoveryStore());
}
