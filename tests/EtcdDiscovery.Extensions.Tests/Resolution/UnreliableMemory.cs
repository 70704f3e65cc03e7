using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The in-memory store, with a manual clock.</summary>
internal sealed class UnreliableMemory(FakeTimeProvider clock, bool repeats) : IUnreliableStore
{
    private static readonly EtcdDiscoveryException Away = new("The test is away.", isTransient: true);

    private readonly InMemoryDiscoveryStore _memory = new();
    private readonly Dictionary<int, IDiscoverySession> _leases = [];
    private CountingStore? _store;

    public IDiscoveryStore Store => Readers;

    private CountingStore Readers => _store ??= new CountingStore(_memory) { Repeats = repeats };

    public async Task PutAsync(int lease, params (string Key, string Value)[] entries)
    {
        var puts = entries.Select(entry => new StorePut(entry.Key, Encoding.UTF8.GetBytes(entry.Value)) { IsDurable = lease == 0 });
        await (await LeaseAsync(lease)).TryPutAsync([.. puts], CancellationToken.None);
    }

    public async Task DeleteAsync(params string[] keys) => await (await LeaseAsync(0)).DeleteAsync(keys, CancellationToken.None);

    public async Task ExpireAsync(int lease)
    {
        if (_leases.Remove(lease, out var session))
        {
            await session.CloseAsync(CancellationToken.None);
        }
    }

    public async Task CompactAsync() =>
        Readers.CompactedRevision = (await _memory.ReadAsync([], CancellationToken.None)).Revision.Number;

    public Task LoseHistoryAsync()
    {
        Readers.LoseHistory();
        return Task.CompletedTask;
    }

    public void Disconnect()
    {
        Readers.Outage = Away;
        Readers.EndWatches(Away);
    }

    public void Reconnect() => Readers.Outage = null;

    public async Task<IReadOnlyList<(string Key, string Value)>> ReadAsync(string prefix)
    {
        var contents = await _memory.ReadAsync([StoreRange.Prefix(prefix)], CancellationToken.None);
        return [.. contents.Entries.Select(entry => (entry.Key, Encoding.UTF8.GetString(entry.Value.Span)))];
    }

    public async Task PassAsync()
    {
        clock.Advance(TestCatalog.Quick.Longest);
        await Task.Delay(1);
    }

    public ValueTask DisposeAsync() => Readers.DisposeAsync();

    private async Task<IDiscoverySession> LeaseAsync(int lease) =>
        _leases.TryGetValue(lease, out var session) ? session
            : _leases[lease] = await _memory.OpenSessionAsync(TimeSpan.FromDays(1), CancellationToken.None);
}
