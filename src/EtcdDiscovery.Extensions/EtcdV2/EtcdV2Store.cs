using System.Runtime.CompilerServices;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.EtcdV2;

/// <summary>A discovery store on etcd's v2 keys API: sessions are keys with a time to live, and watches are long polls.</summary>
internal sealed class EtcdV2Store : IDiscoveryStore, IDisposable
{
    private readonly V2Client _client;
    private readonly V2LivenessProbe _livenessProbe;

    /// <param name="options">How to connect to etcd.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="loggerFactory">Creates the logger.</param>
    /// <param name="login">Returns the current login; by default the one in the options.</param>
    public EtcdV2Store(
        EtcdOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory, Func<EtcdLogin?>? login = null)
    {
        var logger = loggerFactory.CreateLogger(LogCategories.Etcd);
        _client = new V2Client(options, login ?? (() => EtcdLogin.Of(options)), timeProvider, logger);
        _livenessProbe = new V2LivenessProbe(_client);
    }

    public IReadOnlyList<string> Endpoints => _client.Endpoints;

    public StoreCapabilities Capabilities => StoreCapabilities.ExpiryEvents;

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        await _client.CheckLoginAsync(cancellationToken).ConfigureAwait(false);
        return await V2Session.OpenAsync(_client, timeToLive, cancellationToken).ConfigureAwait(false);
    }

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        V2Reader.ReadAsync(_client, ranges, cancellationToken);

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _livenessProbe.OnWatchBegun();
        try
        {
            await foreach (var batch in V2Watch.RunAsync(_client, ranges, after, cancellationToken).ConfigureAwait(false))
            {
                yield return batch;
            }
        }
        finally
        {
            _livenessProbe.OnWatchEnded();
        }
    }

    // Needed by containers that are disposed synchronously. Closing the connection ends the polls.
    public void Dispose() => _client.Dispose();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _livenessProbe.DisposeAsync().ConfigureAwait(false);
    }
}
