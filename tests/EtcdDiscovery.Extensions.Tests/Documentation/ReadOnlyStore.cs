using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Documentation;

internal sealed class ReadOnlyStore(IDiscoveryStore inner) : IDiscoveryStore
{
    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    public StoreCapabilities Capabilities => inner.Capabilities;

    public Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        Task.FromException<IDiscoverySession>(new EtcdDiscoveryException("This application may not register services."));

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        inner.ReadAsync(ranges, cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        inner.WatchAsync(ranges, after, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
