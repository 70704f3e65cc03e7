using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>The v3 store on the first etcd version.</summary>
public sealed class EtcdStoreConformance(SharedEtcd etcd) : DiscoveryStoreConformance
{
    protected override async Task<IDiscoveryStore> CreateStoreAsync() =>
        EtcdStores.Create((await etcd.GetAsync(EtcdVersion.First)).Endpoint);
}

/// <summary>The v3 store on the second etcd version.</summary>
public sealed class EtcdStoreConformanceSecondVersion(SharedEtcd etcd) : DiscoveryStoreConformance
{
    protected override async Task<IDiscoveryStore> CreateStoreAsync() =>
        EtcdStores.Create((await etcd.GetAsync(EtcdVersion.Second)).Endpoint);
}
