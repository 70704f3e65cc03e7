using System.Text;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Testing;

/// <summary>The contract of <see cref="IDiscoveryStore"/>, as tests. To test a store, derive a class from this one.</summary>
/// <remarks>
/// <para>
/// Tests of a store that puts entries one by one are skipped where they need <see cref="StoreCapabilities.AtomicPuts"/>. Two tests wait for
/// sessions of two seconds to expire.
/// </para>
/// <para>xunit creates one object of the class for each test.</para>
/// </remarks>
public abstract partial class DiscoveryStoreConformance : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RenewInterval = Short / 10;

    private IDiscoveryStore? _store;

    /// <summary>The store of the running test.</summary>
    protected IDiscoveryStore Store => _store!;

    /// <summary>The prefix of all keys of the running test.</summary>
    protected string Root { get; } = $"/conformance/{Guid.NewGuid():N}/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StoreRange All => StoreRange.Prefix(Root);

    /// <summary>Creates the store for a test. Tests use disjoint keys, so they may share a server.</summary>
    /// <returns>The store, which is disposed after the test.</returns>
    protected abstract Task<IDiscoveryStore> CreateStoreAsync();

    /// <summary>Creates the store, before each test.</summary>
    /// <returns>A task that completes when the store is created.</returns>
    public async ValueTask InitializeAsync() => _store = await CreateStoreAsync();

    /// <summary>Disposes the store, after each test.</summary>
    /// <returns>A task that completes when the store is disposed.</returns>
    public virtual async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    private StorePut Put(string name, string value = "x", long? expectedRevision = null, bool isDurable = false) =>
        new(Root + name, Encoding.UTF8.GetBytes(value)) { ExpectedRevision = expectedRevision, IsDurable = isDurable };

    private static async Task<StoreRevision> PutAsync(IDiscoverySession session, params IReadOnlyList<StorePut> puts)
    {
        var revision = await session.TryPutAsync(puts, Token);
        Assert.NotNull(revision);
        return revision.Value;
    }

    private Task<StoreContents> ReadAsync(params StoreRange[] ranges) =>
        Store.ReadAsync(ranges.Length > 0 ? ranges : [All], Token);

    private async Task<IEnumerable<string>> ReadNamesAsync(params StoreRange[] ranges) =>
        (await ReadAsync(ranges)).Entries.Select(entry => entry.Key[Root.Length..]);

    private StoreWatch Watch(StoreRevision after, params StoreRange[] ranges) =>
        new(Store, after, ranges.Length > 0 ? ranges : [All]);

    private static string Text(ReadOnlyMemory<byte>? value) => Encoding.UTF8.GetString(value!.Value.Span);

    private Task<IDiscoverySession> OpenAsync() => Store.OpenSessionAsync(Long, Token);
}
