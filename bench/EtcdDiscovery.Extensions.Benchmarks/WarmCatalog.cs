using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>A resolver on an in-memory store that has already read its services, one of each size.</summary>
internal sealed class WarmCatalog : IAsyncDisposable
{
    public const int Shards = 10;
    public const int Zones = 2;

    private readonly InMemoryDiscoveryStore _store = new();
    private readonly ServiceCatalog _catalog;

    private WarmCatalog(int[] sizes)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _catalog = new ServiceCatalog(_store, new CatalogSettings(backoff), TimeProvider.System, NullLoggerFactory.Instance);
        Resolver = new ServiceResolver(_catalog, InstancePickers.Random, null);
        Services = [.. sizes.SelectMany(size => new[] { NameOf(size), NameOf(size, weighted: true) })];
    }

    public string[] Services { get; }

    public IServiceResolver Resolver { get; }

    public IServiceDirectory Directory => new ServiceDirectory(_store);

    public static async Task<WarmCatalog> CreateAsync(params int[] sizes)
    {
        var catalog = new WarmCatalog(sizes);
        var session = await catalog._store.OpenSessionAsync(TimeSpan.FromDays(1), CancellationToken.None);
        foreach (var size in sizes)
        {
            foreach (var weighted in new[] { false, true })
            {
                var service = NameOf(size, weighted);
                var puts = Enumerable.Range(0, size).Select(number => Put(service, number, weighted)).ToList();
                await session.TryPutAsync(puts, CancellationToken.None);
                await catalog.Resolver.GetInstancesAsync(service);
            }
        }

        return catalog;
    }

    public static string NameOf(int size, bool weighted = false) =>
        string.Create(CultureInfo.InvariantCulture, $"catalog-of-{size}{(weighted ? "-weighted" : "")}");

    public static string ShardOf(int number) => string.Create(CultureInfo.InvariantCulture, $"shard-{number % Shards}");

    public static string ZoneOf(int number) => string.Create(CultureInfo.InvariantCulture, $"zone-{number % Zones}");

    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static StorePut Put(string service, int number, bool weighted)
    {
        var instance = new ServiceInstance
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"instance-{number:D5}"),
            ServiceName = service,
            Hostname = "node.example",
            Ports = new ServiceMap([KeyValuePair.Create("http", "8080")]),
            Shard = ShardOf(number),
            Zone = ZoneOf(number),
            Weight = weighted ? 1 + (number % 7) : 1,
        };
        return new StorePut(ServiceKeys.Instance(service, instance.Id), ServiceJson.Encode(instance));
    }
}
