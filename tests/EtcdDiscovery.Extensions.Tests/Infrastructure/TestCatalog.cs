using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A resolver over a store in memory, without a host around it.</summary>
internal sealed class TestCatalog : IAsyncDisposable
{
    public static readonly Backoff Quick = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(50));

    private readonly ServiceCatalog _catalog;
    private IDiscoverySession? _session;

    public TestCatalog(IDiscoveryStore? store = null)
    {
        Store = store ?? new InMemoryDiscoveryStore();
        _catalog = new ServiceCatalog(Store, Quick, TimeProvider.System, NullLoggerFactory.Instance);
        Resolver = new ServiceResolver(_catalog, TimeProvider.System);
    }

    public IDiscoveryStore Store { get; }

    public IServiceResolver Resolver { get; }

    public ServiceCatalog Catalog => _catalog;

    public async Task PutAsync(params StorePut[] puts)
    {
        var session = await SessionAsync();
        Assert.NotNull(await session.TryPutAsync(puts, TestContext.Current.CancellationToken));
    }

    public async Task DeleteAsync(params string[] keys) =>
        await (await SessionAsync()).DeleteAsync(keys, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        await Store.DisposeAsync();
    }

    private async Task<IDiscoverySession> SessionAsync() =>
        _session ??= await Store.OpenSessionAsync(TimeSpan.FromDays(1), TestContext.Current.CancellationToken);
}
