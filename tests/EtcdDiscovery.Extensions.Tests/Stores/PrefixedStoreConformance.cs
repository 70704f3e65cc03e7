using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.EtcdV2;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Stores;

/// <summary>A part of a v3 store is a store.</summary>
public sealed class PrefixedEtcdStoreConformance(SharedEtcd etcd) : PrefixedStoreConformance
{
    protected override async Task<IDiscoveryStore> CreateWholeAsync() =>
        EtcdStores.Create((await etcd.GetAsync(EtcdVersion.First)).Endpoint);
}

/// <summary>A part of a v2 store is a store.</summary>
public sealed class PrefixedEtcdV2StoreConformance(SharedEtcd etcd) : PrefixedStoreConformance
{
    protected override bool IsAtomic => false;

    protected override async Task<IDiscoveryStore> CreateWholeAsync() =>
        EtcdV2Stores.Create((await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First))).Endpoint);
}

/// <summary>What <see cref="PrefixedStore"/> promises, whatever it is a part of.</summary>
public abstract class PrefixedStoreConformance : DiscoveryStoreConformance
{
    private const string Prefix = "/fleet-a";

    private IDiscoveryStore? _whole;

    protected virtual bool IsAtomic => true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    protected abstract Task<IDiscoveryStore> CreateWholeAsync();

    protected override async Task<IDiscoveryStore> CreateStoreAsync() =>
        new PrefixedStore(_whole = await CreateWholeAsync(), Prefix);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _whole!.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Keys_OfThePart_StandBelowItsPrefixAndItTellsWhatTheWholeTells()
    {
        await using var session = await Store.OpenSessionAsync(TimeSpan.FromSeconds(60), Token);
        await using var outside = await _whole!.OpenSessionAsync(TimeSpan.FromSeconds(60), Token);
        var put = new StorePut(Root + "a", "inside"u8.ToArray());
        Assert.NotNull(await session.TryPutAsync([put], Token));
        Assert.NotNull(await outside.TryPutAsync([new StorePut(Root + "a", "outside"u8.ToArray())], Token));

        var inside = Assert.Single((await Store.ReadAsync([StoreRange.Prefix(Root)], Token)).Entries);
        Assert.Equal((put.Key, "inside"), (inside.Key, Encoding.UTF8.GetString(inside.Value.Span)));
        var there = await _whole.ReadAsync([StoreRange.Prefix(Prefix + Root)], Token);
        Assert.Equal(Prefix + put.Key, Assert.Single(there.Entries).Key);
        Assert.Equal(_whole.Capabilities, Store.Capabilities);
        Assert.Equal(IsAtomic, Store.Capabilities.HasFlag(StoreCapabilities.AtomicPuts));
        await outside.CloseAsync(Token);
        Assert.Single((await Store.ReadAsync([StoreRange.Prefix(Root)], Token)).Entries);
    }
}
