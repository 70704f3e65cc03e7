using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Stores;

/// <summary>The contract of <see cref="IDiscoveryStore"/>. To test a store, derive a class from this one.</summary>
public abstract partial class DiscoveryStoreConformance : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);

    private IDiscoveryStore? _store;

    /// <summary>Creates the store to test. Tests use disjoint keys, so they may share a server.</summary>
    protected abstract Task<IDiscoveryStore> CreateStoreAsync();

    /// <summary>Whether several puts or deletes of one call are a single change.</summary>
    protected virtual bool IsAtomic => true;

    protected IDiscoveryStore Store => _store!;

    /// <summary>The prefix of all keys of the running test.</summary>
    protected string Root { get; } = $"/conformance/{Guid.NewGuid():N}/";

    protected StoreRange All => StoreRange.Prefix(Root);

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await CreateStoreAsync();

    public virtual async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    protected StorePut Put(string name, string value = "x", long? expectedRevision = null, bool isDurable = false) =>
        new(Root + name, Encoding.UTF8.GetBytes(value)) { ExpectedRevision = expectedRevision, IsDurable = isDurable };

    protected static async Task<StoreRevision> PutAsync(IDiscoverySession session, params IReadOnlyList<StorePut> puts)
    {
        var revision = await session.TryPutAsync(puts, Token);
        Assert.NotNull(revision);
        return revision.Value;
    }

    protected Task<StoreContents> ReadAsync(params IReadOnlyList<StoreRange> ranges) =>
        Store.ReadAsync(ranges.Count > 0 ? ranges : [All], Token);

    protected async Task<IEnumerable<string>> ReadNamesAsync(params IReadOnlyList<StoreRange> ranges) =>
        (await ReadAsync(ranges)).Entries.Select(entry => entry.Key[Root.Length..]);

    protected StoreWatch Watch(StoreRevision after, params IReadOnlyList<StoreRange> ranges) =>
        new(Store, after, ranges.Count > 0 ? ranges : [All]);

    protected static string Text(ReadOnlyMemory<byte>? value) => Encoding.UTF8.GetString(value!.Value.Span);

    private Task<IDiscoverySession> OpenAsync() => Store.OpenSessionAsync(Long, Token);
}
