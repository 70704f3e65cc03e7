using System.Globalization;
using EtcdDiscovery.Model;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>A resolver that has read its services already: one for each size, from a store in memory.</summary>
internal sealed class WarmCatalog : IAsyncDisposable
{
    public const int Shards = 10;

    private readonly InMemoryDiscoveryStore _store = new();
    private readonly ServiceCatalog _catalog;

    private WarmCatalog(int[] sizes)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _catalog = new ServiceCatalog(_store, new CatalogSettings(backoff), TimeProvider.System, NullLoggerFactory.Instance);
        Resolver = new ServiceResolver(_catalog);
        Sizes = sizes;
    }

    public int[] Sizes { get; }

    public IServiceResolver Resolver { get; }

    public static async Task<WarmCatalog> CreateAsync(params int[] sizes)
    {
        var catalog = new WarmCatalog(sizes);
        var session = await catalog._store.OpenSessionAsync(TimeSpan.FromDays(1), CancellationToken.None);
        foreach (var size in sizes)
        {
            var puts = Enumerable.Range(0, size).Select(number => Put(NameOf(size), number)).ToList();
            await session.TryPutAsync(puts, CancellationToken.None);
            await catalog.Resolver.GetInstancesAsync(NameOf(size));
        }

        return catalog;
    }

    public static string NameOf(int size) => string.Create(CultureInfo.InvariantCulture, $"catalog-of-{size}");

    public static string ShardOf(int number) => string.Create(CultureInfo.InvariantCulture, $"shard-{number % Shards}");

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static StorePut Put(string service, int number)
    {
        var instance = new ServiceInstance
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"instance-{number:D5}"),
            ServiceName = service,
            Hostname = "node.example",
            Shard = ShardOf(number),
        };
        return new StorePut(ServiceKeys.Instance(service, instance.Id), ServiceJson.Encode(instance));
    }
}
