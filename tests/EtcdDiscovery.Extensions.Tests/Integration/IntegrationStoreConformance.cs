using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Integration;

/// <summary>The v3 store on an etcd in a container if Docker is available.</summary>
public sealed class IntegrationStoreConformance(IntegrationEtcd etcd) : DiscoveryStoreConformance
{
    protected override async Task<IDiscoveryStore> CreateStoreAsync() => EtcdStores.Create((await etcd.GetAsync()).Endpoint);
}
