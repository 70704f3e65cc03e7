using System.Runtime.CompilerServices;
using System.Text;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Testing.Tests.Stores;

/// <summary>A store as others may write one, with the public API alone: an append-only log, and the entries that result from it.</summary>
internal sealed class LogStore : IDiscoveryStore
{
    private readonly Lock _sync = new();
    private readonly List<StoreEvent> _log = [];
    private readonly Dictionary<string, (StoreEntry Entry, Session? Holder)> _entries = [];
    private TaskCompletionSource _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StoreRevision _revision = new(1);

    public IReadOnlyList<string> Endpoints => ["log"];

    public StoreCapabilities Capabilities => StoreCapabilities.AtomicPuts;

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var session = new Session(this, timeToLive);
        await session.RenewAsync(cancellationToken);
        return session;
    }

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) => RunAsync(
        () => new StoreContents(_revision, [.. _entries.Values
            .Select(held => held.Entry).Where(entry => ranges.Any(range => range.Contains(entry.Key)))
            .OrderBy(entry => Convert.ToHexString(Encoding.UTF8.GetBytes(entry.Key)), StringComparer.Ordinal)]),
        cancellationToken);

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new StoreBatch(after, []);
        while (true)
        {
            var (changes, now, appended) = await RunAsync(
                () => (_log.FindAll(change => change.Revision > after.Number), _revision, _appended.Task), cancellationToken);
            yield return new StoreBatch(after = now, changes.FindAll(change => ranges.Any(range => range.Contains(change.Key))));
            await appended.WaitAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<T> RunAsync<T>(Func<T> run, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_sync)
        {
            return Task.FromResult(run());
        }
    }

    private StoreRevision Append(IEnumerable<StorePut> puts, IEnumerable<string> deleted, Session session)
    {
        var number = _revision.Number + 1;
        foreach (var put in puts)
        {
            _log.Add(new StoreEvent(put.Key, put.Value, number));
            _entries[put.Key] = (new StoreEntry(put.Key, put.Value, number), put.IsDurable ? null : session);
        }

        _log.AddRange(deleted.Where(key => _entries.Remove(key)).Select(key => new StoreEvent(key, null, number)));
        Interlocked.Exchange(ref _appended, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        return _revision = new StoreRevision(number);
    }

    private sealed class Session(LogStore store, TimeSpan timeToLive) : IDiscoverySession
    {
        private Timer? _expiry;
        private bool _isLost;

        public TimeSpan TimeToLive => timeToLive;

        public Task RenewAsync(CancellationToken cancellationToken) => RunAsync(
            () => (_expiry ??= new Timer(_ => CloseAsync(CancellationToken.None))).Change(timeToLive, Timeout.InfiniteTimeSpan), cancellationToken);

        public Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken) =>
            RunAsync(() => puts.All(Holds) ? store.Append(puts, [], this) : (StoreRevision?)null, cancellationToken);

        public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
            RunAsync(() => store.Append([], keys, this), cancellationToken);

        public Task CloseAsync(CancellationToken cancellationToken) => store.RunAsync(
            () => (_isLost = true, store.Append([], [.. store._entries.Where(held => held.Value.Holder == this).Select(held => held.Key)], this)),
            cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private Task<T> RunAsync<T>(Func<T> run, CancellationToken cancellationToken) => store.RunAsync(
            () => _isLost ? throw new SessionLostException("The session has expired or was closed.") : run(), cancellationToken);

        private bool Holds(StorePut put) =>
            put.ExpectedRevision is not { } expected || expected == (store._entries.GetValueOrDefault(put.Key).Entry?.Revision ?? 0);
    }
}
