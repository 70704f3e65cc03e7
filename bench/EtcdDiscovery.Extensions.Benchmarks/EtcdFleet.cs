using System.Globalization;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>A real etcd that holds as many instances as a benchmark needs.</summary>
internal sealed class EtcdFleet : IAsyncDisposable
{
    private readonly EtcdStore _writer;
    private IDiscoverySession? _session;

    private EtcdFleet(EtcdServer server)
    {
        Server = server;
        _writer = NewStore();
    }

    public EtcdServer Server { get; }

    public static async Task<EtcdFleet> StartAsync()
    {
        var fleet = new EtcdFleet(await StartServerAsync());
        fleet._session = await fleet._writer.OpenSessionAsync(TimeSpan.FromHours(1), CancellationToken.None);
        return fleet;
    }

    public static Task<EtcdServer> StartServerAsync() => EtcdServer.StartAsync(Environment.GetEnvironmentVariable("ETCD_BIN")
        ?? throw new InvalidOperationException("ETCD_BIN is not set: run eng/bench.sh, which downloads etcd and sets it."));

    public static string IdOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{number:D8}-node-{number}.example");

    /// <summary>Creates an instance such as a typical service registers.</summary>
    public static ServiceInstance Instance(string service, int number, string? stamp = null) => new()
    {
        Id = IdOf(number),
        ServiceName = service,
        Hostname = string.Create(CultureInfo.InvariantCulture, $"node-{number}.example"),
        Ports = new ServiceMap([KeyValuePair.Create("http", "8080"), KeyValuePair.Create("https", "8443")]),
        Credentials = new ServiceCredentials("user", "secret"),
        PrivateHostname = string.Create(CultureInfo.InvariantCulture, $"node-{number}.internal.example"),
        PrivatePorts = new ServiceMap([KeyValuePair.Create("http", "8080")]),
        Metadata = stamp is null ? null : new ServiceMap([KeyValuePair.Create("stamp", stamp)]),
    };

    public static StorePut Put(string service, int number, string? stamp = null) =>
        new(ServiceKeys.Instance(service, IdOf(number)), ServiceJson.Encode(Instance(service, number, stamp)));

    public EtcdClient NewClient() => new(Options(), new AuthTokens(() => null, NullLogger.Instance), TimeProvider.System, NullLogger<EtcdClient>.Instance);

    /// <summary>Creates a store with its own connection.</summary>
    public EtcdStore NewStore() => new(Options(), TimeProvider.System, NullLoggerFactory.Instance);

    /// <summary>Creates a catalog with the settings of a typical host.</summary>
    public static ServiceCatalog NewCatalog(IDiscoveryStore store)
    {
        var options = new EtcdDiscoveryOptions();
        var settings = new CatalogSettings(new Backoff(options.RetryDelay, options.MaxRetryDelay))
        {
            IdleTimeout = options.CacheIdleTimeout,
            RefreshInterval = options.RefreshInterval,
            OutageGrace = options.TimeToLive * 2,
        };
        return new ServiceCatalog(store, settings, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public static IServiceResolver NewResolver(ServiceCatalog catalog) =>
        new ServiceResolver(catalog, InstancePickers.Random, null);

    public Task PutAsync(StorePut put) => _session!.TryPutAsync([put], CancellationToken.None);

    public async Task FillAsync(string service, int instances)
    {
        foreach (var chunk in Enumerable.Range(0, instances).Chunk(EtcdClient.MaxTxnOperations))
        {
            await _session!.TryPutAsync([.. chunk.Select(number => Put(service, number))], CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await Server.DisposeAsync();
    }

    private EtcdOptions Options() => new() { Endpoints = [Server.Endpoint] };
}
