using System.Diagnostics;
using System.Text;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Takes steps, and compares what readers know with what there is.</summary>
internal sealed class Interleaving : IAsyncDisposable
{
    // After all other ids in the order of UTF-8: whoever knows of the mark knows everything before it.
    private const string Mark = "ÿ";

    private readonly string _service = UniqueName.Of("interleaved");
    private readonly IUnreliableStore _store;
    private readonly TestCatalog _catalog;
    private readonly List<ChangeReplay> _replays = [];
    private int _marks;

    /// <param name="store">What the steps are done to; disposed with this.</param>
    /// <param name="settings">How the catalog keeps what it knows.</param>
    /// <param name="clock">The catalog's.</param>
    public Interleaving(IUnreliableStore store, CatalogSettings settings, TimeProvider clock)
    {
        _store = store;
        _catalog = new TestCatalog(store.Store, settings, clock);
        Follow();
    }

    /// <summary>How long readers may take to agree after they have seen the last change.</summary>
    public TimeSpan Leeway { get; init; }

    public int UnexplainedDowns => _replays.Sum(replay => replay.UnexplainedDowns);

    /// <summary>How often there were suspects when everything had settled.</summary>
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

    /// <summary>Waits until readers have seen all that happened, and then they have to be right.</summary>
    public async Task SettleAsync()
    {
        _store.Reconnect();
        var mark = Step.Instance(new() { Id = Mark, ServiceName = _service, Hostname = $"mark{++_marks}", Shard = "s0" });
        await _store.PutAsync(0, (Prefix + Mark, mark));
        await UntilAsync(() => Task.FromResult(IsMarked(Watched.View?.Instances)), Eventually.Patience, "the catalog sees the last change");
        _replays.ForEach(replay => replay.Resume());
        foreach (var replay in _replays)
        {
            await UntilAsync(async () => IsMarked(await replay.InstancesAsync()), Eventually.Patience, "a reader sees the last change");
        }

        Doubts += Watched.View!.Suspects.Count > 0 ? 1 : 0;
        await WaitForCredentialsAsync();
    }

    /// <summary>Readers have to agree with the store in everything, those that they had doubts about included.</summary>
    public async Task EndAsync()
    {
        await UntilAsync(() => Task.FromResult(Watched.View!.Suspects.Count == 0), Leeway, "suspects are given up");
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
            var value = Step.Instance(new() { Id = "", ServiceName = _service, Hostname = $"flood{wave}", Shard = "s0" });
            await _store.PutAsync(0, [.. keys.Select(key => (key, value))]);
        }

        await _store.DeleteAsync(keys);
    }

    private bool IsMarked(IEnumerable<ServiceInstance>? instances) =>
        instances?.Any(instance => instance.Id == Mark && instance.Hostname == $"mark{_marks}") == true;

    private async Task WaitForCredentialsAsync()
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
