using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Tests of a catalog whose clock they move, and whose store they can disturb.</summary>
public abstract class ManualCatalogTests : IAsyncDisposable
{
    protected const string Service = "shop";

    private protected CountingTimeProvider Clock { get; } = new();

    private protected CountingStore Store { get; } = new(new InMemoryDiscoveryStore());

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a catalog that knows some instances of the service, and watches it.</summary>
    private protected async Task<TestCatalog> StartAsync(CatalogSettings settings, params string[] ids)
    {
        var catalog = new TestCatalog(Store, settings, Clock);
        await catalog.PutAsync([.. ids.Select(id => TestCatalog.Put(Service, id))]);
        Assert.Equal(ids, (await catalog.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Select(instance => instance.Id));
        await Eventually.TrueAsync(() => Task.FromResult(Store.Batches == 1), "the watch stands");
        return catalog;
    }
}
