using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.EtcdV2;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Stores;

/// <summary><see cref="PrefixedStore"/> over a v3 store.</summary>
public sealed class PrefixedEtcdStoreConformance(SharedEtcd etcd) : PrefixedStoreConformance
{
    protected override async Task<IDiscoveryStore> CreateInnerAsync() =>
        EtcdStores.Create((await etcd.GetAsync(EtcdVersion.First)).Endpoint);
}

/// <summary><see cref="PrefixedStore"/> over a v2 store.</summary>
public sealed class PrefixedEtcdV2StoreConformance(SharedEtcd etcd) : PrefixedStoreConformance
{
    protected override bool IsAtomic => false;

    protected override async Task<IDiscoveryStore> CreateInnerAsync() =>
        EtcdV2Stores.Create((await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First))).Endpoint);
}

/// <summary>The contract of <see cref="PrefixedStore"/> over any store.</summary>
public abstract class PrefixedStoreConformance : DiscoveryStoreConformance
{
    private const string Prefix = "/fleet-a";

    private IDiscoveryStore? _inner;

    protected abstract Task<IDiscoveryStore> CreateInnerAsync();

    protected override async Task<IDiscoveryStore> CreateStoreAsync() =>
        new PrefixedStore(_inner = await CreateInnerAsync(), Prefix);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _inner!.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Keys_OfThePrefixedStore_AreBelowThePrefixOfTheInnerStore()
    {
        await using var session = await Store.OpenSessionAsync(TimeSpan.FromSeconds(60), Token);
        await using var outside = await _inner!.OpenSessionAsync(TimeSpan.FromSeconds(60), Token);
        await PutAsync(session, Put("a", "inside"));
        await PutAsync(outside, Put("a", "outside"));

        Assert.Equal("inside", Text(Assert.Single((await ReadAsync()).Entries).Value));
        var entries = await _inner.ReadAsync([StoreRange.Prefix(Prefix + Root)], Token);
        Assert.Equal(Prefix + Root + "a", Assert.Single(entries.Entries).Key);
        Assert.Equal(_inner.Capabilities, Store.Capabilities);
        Assert.Equal(IsAtomic, Store.Capabilities.HasFlag(StoreCapabilities.AtomicPuts));
        await outside.CloseAsync(Token);
        Assert.Equal(["a"], await ReadNamesAsync());
    }
}
