using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Forwards all operations to another store. Derived classes change some of them.</summary>
internal abstract class StoreDecorator(IDiscoveryStore inner) : IDiscoveryStore
{
    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    public StoreCapabilities Capabilities => inner.Capabilities;

    public virtual Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        inner.OpenSessionAsync(timeToLive, cancellationToken);

    public virtual Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        inner.ReadAsync(ranges, cancellationToken);

    public virtual IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        inner.WatchAsync(ranges, after, cancellationToken);

    public virtual ValueTask DisposeAsync() => inner.DisposeAsync();
}
