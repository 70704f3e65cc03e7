using System.Diagnostics;
using System.Text;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Executes steps, and compares what readers know with the contents of the store.</summary>
internal sealed class Interleaving : IAsyncDisposable
{
    // Sorts after all other ids in UTF-8, so a reader that has seen the mark has seen everything before it.
    private const string Mark = "ÿ";

    private readonly string _service = UniqueName.Of("interleaved");
    private readonly IUnreliableStore _store;
    private readonly TestCatalog _catalog;
    private readonly List<ChangeReplay> _replays = [];
    private int _marks;

    /// <param name="store">The store to modify; disposed with this object.</param>
    /// <param name="settings">The settings of the catalog.</param>
    /// <param name="clock">The clock of the catalog.</param>
    public Interleaving(IUnreliableStore store, CatalogSettings settings, TimeProvider clock)
    {
        _store = store;
        _catalog = new TestCatalog(store.Store, settings, clock);
        Follow();
    }

    /// <summary>The time that readers may need to agree after they have seen the last change.</summary>
    public TimeSpan Leeway { get; init; }

    public int MergedChanges => _replays.Sum(replay => replay.MergedChanges);

    /// <summary>The number of times that there were suspects after all readers had settled.</summary>
    public int Doubts { get; private set; }

    private string Prefix => ServiceKeys.InstancesOf(_service);

    private string InfoKey => ServiceKeys.Description(_service);

    private ServiceWatcher Watched => _catalog.Catalog.Watch(_service);

    public Task TakeAsync(Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Put: return _store.PutAsync(step.Lease, (Prefix + step.Id, step.Value));
            case StepKind.Register: return _store.PutAsync(step.Lease, (InfoKey, """{"name":"r"}"""), (Prefix + step.Id, step.Value));
            case StepKind.Describe: return _store.PutAsync(step.Lease, (InfoKey, step.Value));
            case StepKind.Undescribe: return _store.DeleteAsync(InfoKey);
            case StepKind.Delete: return _store.DeleteAsync(Prefix + step.Id);
            case StepKind.Expire: return _store.ExpireAsync(step.Lease);
            case StepKind.Flood: return FloodAsync();
            case StepKind.Compact: return _store.CompactAsync();
            case StepKind.LoseHistory: return _store.LoseHistoryAsync();
            case StepKind.Disconnect: _store.Disconnect(); break;
            case StepKind.Reconnect: _store.Reconnect(); break;
            case StepKind.Follow: Follow(); break;
            case StepKind.Stall: _replays.ForEach(replay => replay.Stall()); break;
            case StepKind.Pass: return _store.PassAsync();
            default: return SettleAsync();
        }

        return Task.CompletedTask;
    }

    /// <summary>Waits until readers have seen all changes, and asserts that they agree with the store.</summary>
    public async Task SettleAsync()
    {
        _store.Reconnect();
        var mark = Step.Instance(new() { Id = Mark, ServiceName = _service, Hostname = $"mark{++_marks}", Shard = "s0" });
        await _store.PutAsync(0, (Prefix + Mark, mark));
        await UntilAsync(() => Task.FromResult(IsMarked(Watched.View?.Instances)), Eventually.Patience, "the catalog has the last change");
        _replays.ForEach(replay => replay.Resume());
        foreach (var replay in _replays)
        {
            await UntilAsync(async () => IsMarked(await replay.InstancesAsync()), Eventually.Patience, "a watcher has the last change");
        }

        Doubts += Watched.View!.Suspects.Count > 0 ? 1 : 0;
        await WaitForAgreementAsync();
    }

    /// <summary>Asserts that readers agree with the store, and have no suspects left.</summary>
    public async Task EndAsync()
    {
        await UntilAsync(() => Task.FromResult(Watched.View!.Suspects.Count == 0), Leeway, "the suspects are dropped");
        await SettleAsync();
        Assert.Empty(Watched.View!.Suspects);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replay in _replays)
        {
            await replay.DisposeAsync();
        }

        await _catalog.DisposeAsync();
        await _store.DisposeAsync();
    }

    private void Follow() => _replays.Add(new ChangeReplay(_catalog.Resolver, _service));

    private async Task FloodAsync()
    {
        var keys = Enumerable.Range(0, Step.FloodSize).Select(i => $"{Prefix}flood{i}").ToArray();
        for (var wave = 0; wave < Step.FloodWaves; wave++)
        {
            var value = Step.Instance(new() { Id = "", ServiceName = _service, Hostname = ChangeReplay.WaveHost(wave), Shard = "s0" });
            await _store.PutAsync(0, [.. keys.Select(key => (key, value))]);
        }

        await _store.DeleteAsync(keys);
    }

    private bool IsMarked(IEnumerable<ServiceInstance>? instances) =>
        instances?.Any(instance => instance.Id == Mark && instance.Hostname == $"mark{_marks}") == true;

    private async Task WaitForAgreementAsync()
    {
        string? difference = null;
        await UntilAsync(
            async () => (difference = await DifferenceAsync()) is null, Leeway, "readers agree with the store", () => difference);
    }

    private async Task<string?> DifferenceAsync()
    {
        var entries = await _store.ReadAsync(Prefix);
        var readable = entries.Select(entry => Decode(entry.Key, entry.Value)).OfType<ServiceInstance>().ToList();
        var info = (await _store.ReadAsync(InfoKey)).Where(entry => entry.Key == InfoKey).Select(entry => entry.Value).SingleOrDefault();
        var snapshot = await _catalog.Resolver.GetSnapshotAsync(_service);
        var suspects = snapshot.Suspects.Select(instance => instance.Id).ToHashSet();
        var isDescribed = ServiceJson.TryDecode(_service, Encoding.UTF8.GetBytes(info ?? ""), out ServiceInfo? description, out _);
        var unreadable = entries.Count(entry => !entry.Key[Prefix.Length..].Contains('/', StringComparison.Ordinal))
            - readable.Count + (info is not null && !isDescribed ? 1 : 0);

        return Compare("instances", readable, snapshot.Instances.Where(instance => !suspects.Contains(instance.Id)))
            ?? Compare("description", [description ?? new ServiceInfo { Name = _service }], [snapshot.Service])
            ?? Compare("unreadable entries", [unreadable], [snapshot.UnreadableEntries])
            ?? await ReplayDifferenceAsync(snapshot);
    }

    private async Task<string?> ReplayDifferenceAsync(ServiceSnapshot snapshot)
    {
        var serving = snapshot.Instances.Where(instance => instance.Status == ServiceStatus.Serving).ToList();
        foreach (var replay in _replays)
        {
            var replayed = (await replay.InstancesAsync()).Order(Comparer<ServiceInstance>.Create((a, b) => Utf8Order.Instance.Compare(a.Id, b.Id)));
            if (Compare("changes replayed", serving, replayed) is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    private ServiceInstance? Decode(string key, string value) =>
        ServiceKeys.TryParseInstance(_service, key, out var id)
            && ServiceJson.TryDecode(_service, id, Encoding.UTF8.GetBytes(value), out var instance, out _) ? instance : null;

    private static string? Compare<T>(string what, IEnumerable<T> expected, IEnumerable<T> actual) =>
        expected.SequenceEqual(actual) ? null
            : $"{what}: expected\n  {string.Join("\n  ", expected)}\nbut was\n  {string.Join("\n  ", actual)}";

    private async Task UntilAsync(Func<Task<bool>> condition, TimeSpan patience, string what, Func<string?>? why = null)
    {
        var waiting = Stopwatch.StartNew();
        while (!await condition())
        {
            if (waiting.Elapsed > patience)
            {
                throw new InvalidOperationException($"Not within {patience.TotalSeconds} s: {what}. {why?.Invoke()}");
            }

            await _store.PassAsync();
        }
    }
}
