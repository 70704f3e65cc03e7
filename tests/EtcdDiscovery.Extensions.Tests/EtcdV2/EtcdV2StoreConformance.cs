using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.EtcdV2;

/// <summary>The v2 store on the first etcd version.</summary>
public sealed class EtcdV2StoreConformance(SharedEtcd etcd) : DiscoveryStoreConformance
{
    protected override async Task<IDiscoveryStore> CreateStoreAsync() =>
        EtcdV2Stores.Create((await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First))).Endpoint);
}

/// <summary>The v2 store on the second etcd version.</summary>
public sealed class EtcdV2StoreConformanceSecondVersion(SharedEtcd etcd) : DiscoveryStoreConformance
{
    protected override async Task<IDiscoveryStore> CreateStoreAsync() =>
        EtcdV2Stores.Create((await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.Second))).Endpoint);
}
