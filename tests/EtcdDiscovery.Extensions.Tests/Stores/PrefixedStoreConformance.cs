using System.Text;
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

    protected virtual bool IsAtomic => true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

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
        var put = new StorePut(Root + "a", "inside"u8.ToArray());
        Assert.NotNull(await session.TryPutAsync([put], Token));
        Assert.NotNull(await outside.TryPutAsync([new StorePut(Root + "a", "outside"u8.ToArray())], Token));

        var inside = Assert.Single((await Store.ReadAsync([StoreRange.Prefix(Root)], Token)).Entries);
        Assert.Equal((put.Key, "inside"), (inside.Key, Encoding.UTF8.GetString(inside.Value.Span)));
        var there = await _inner.ReadAsync([StoreRange.Prefix(Prefix + Root)], Token);
        Assert.Equal(Prefix + put.Key, Assert.Single(there.Entries).Key);
        Assert.Equal(_inner.Capabilities, Store.Capabilities);
        Assert.Equal(IsAtomic, Store.Capabilities.HasFlag(StoreCapabilities.AtomicPuts));
        await outside.CloseAsync(Token);
        Assert.Single((await Store.ReadAsync([StoreRange.Prefix(Root)], Token)).Entries);
    }
}
