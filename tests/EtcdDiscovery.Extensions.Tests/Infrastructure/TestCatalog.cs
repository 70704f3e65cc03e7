using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A resolver on an in-memory store, without a host.</summary>
internal sealed class TestCatalog : IAsyncDisposable
{
    public static readonly Backoff Quick = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(50));

    private readonly ServiceCatalog _catalog;
    private IDiscoverySession? _session;

    public TestCatalog(IDiscoveryStore? store = null, CatalogSettings? settings = null, TimeProvider? timeProvider = null)
    {
        Store = store ?? new InMemoryDiscoveryStore();
        _catalog = new ServiceCatalog(Store, settings ?? new CatalogSettings(Quick), timeProvider ?? TimeProvider.System, NullLoggerFactory.Instance);
        Resolver = new ServiceResolver(_catalog, InstancePickers.Random, null);
    }

    public IDiscoveryStore Store { get; }

    public IServiceResolver Resolver { get; }

    public ServiceCatalog Catalog => _catalog;

    public async Task PutAsync(params StorePut[] puts)
    {
        var session = await SessionAsync();
        Assert.NotNull(await session.TryPutAsync(puts, TestContext.Current.CancellationToken));
    }

    /// <summary>Creates a snapshot of instances, ordered by id.</summary>
    public static ServiceView Snapshot(IEnumerable<ServiceInstance> instances) => ServiceView.Empty.With(
        null, [.. instances.Select(instance => new InstanceChange(null, instance))], [], default);

    /// <summary>The put that writes an instance of a service.</summary>
    public static StorePut Put(
        string service, string id, ServiceStatus status = ServiceStatus.Serving, string hostname = "h") => new(
        ServiceKeys.Instance(service, id),
        ServiceJson.Encode(new ServiceInstance { Id = id, ServiceName = service, Hostname = hostname, Status = status }));

    /// <summary>Puts an instance of a service.</summary>
    public Task PutAsync(
        string service, string id, ServiceStatus status = ServiceStatus.Serving, string hostname = "h") =>
        PutAsync(Put(service, id, status, hostname));

    /// <summary>Deletes an instance of a service.</summary>
    public Task DeleteAsync(string service, string id) => DeleteAsync([ServiceKeys.Instance(service, id)]);

    public async Task DeleteAsync(string[] keys) =>
        await (await SessionAsync()).DeleteAsync(keys, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        await Store.DisposeAsync();
    }

    private async Task<IDiscoverySession> SessionAsync() =>
        _session ??= await Store.OpenSessionAsync(TimeSpan.FromDays(1), TestContext.Current.CancellationToken);
}
