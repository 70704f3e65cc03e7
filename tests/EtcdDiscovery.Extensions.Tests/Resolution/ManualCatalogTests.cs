using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Base of tests with a catalog whose clock and store they control.</summary>
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

    /// <summary>Starts a catalog that has read and watches some instances of the service.</summary>
    private protected async Task<TestCatalog> StartAsync(CatalogSettings settings, params string[] ids)
    {
        var catalog = new TestCatalog(Store, settings, Clock);
        await catalog.PutAsync([.. ids.Select(id => TestCatalog.Put(Service, id))]);
        Assert.Equal(ids, (await catalog.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Select(instance => instance.Id));
        await Eventually.TrueAsync(() => Task.FromResult(Store.Batches == 1), "the watch is established");
        return catalog;
    }
}
