using EtcdDiscovery.Etcd.Watching;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd;

/// <summary>A discovery store on etcd's v3 API: sessions are leases, puts are transactions, and all watches share one stream.</summary>
internal sealed class EtcdStore : IDiscoveryStore, IDisposable
{
    private readonly EtcdClient _client;
    private readonly EtcdReader _reader;
    private readonly WatchHub _watches;

    /// <param name="options">How to connect to etcd.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="loggerFactory">Creates the logger.</param>
    /// <param name="login">Returns the current login; by default the one in the options.</param>
    public EtcdStore(
        EtcdOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory, Func<EtcdLogin?>? login = null)
    {
        var logger = loggerFactory.CreateLogger(LogCategories.Etcd);
        var tokens = new AuthTokens(login ?? (() => EtcdLogin.Of(options)), logger);
        _client = new EtcdClient(options, tokens, timeProvider, logger);
        _reader = new EtcdReader(_client);
        _watches = new WatchHub(_client, logger);
    }

    public IReadOnlyList<string> Endpoints => _client.Endpoints;

    public StoreCapabilities Capabilities => StoreCapabilities.AtomicPuts;

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        await EtcdSession.OpenAsync(_client, timeToLive, cancellationToken).ConfigureAwait(false);

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        _reader.ReadAsync(ranges, cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        _watches.WatchAsync(ranges, after, cancellationToken);

    // Needed by containers that are disposed synchronously. Closing the connection ends the streams and their tasks.
    public void Dispose() => _client.Dispose();

    public async ValueTask DisposeAsync()
    {
        await _watches.DisposeAsync().ConfigureAwait(false);
        _client.Dispose();
    }
}
