using System.Runtime.CompilerServices;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores.InMemory;

namespace EtcdDiscovery.Stores;

/// <summary>A store in the memory of this process, for development and tests.</summary>
/// <remarks>Safe for concurrent use. In a test, hosts that share a store discover each other.</remarks>
public sealed class InMemoryDiscoveryStore : IDiscoveryStore, IDisposable
{
    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, InMemoryEntry> _entries = new(Utf8Order.Instance);
    private readonly List<InMemoryWatcher> _watchers = [];
    private readonly List<StoreBatch> _history = [];
    private long _revision = 1;

    /// <summary>Creates an empty store.</summary>
    /// <param name="timeProvider">The clock for the expiry of sessions; by default the system's.</param>
    public InMemoryDiscoveryStore(TimeProvider? timeProvider = null)
    {
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    /// <inheritdoc />
    public IReadOnlyList<string> Endpoints { get; } = ["memory"];

    /// <inheritdoc />
    public StoreCapabilities Capabilities => StoreCapabilities.AtomicPuts;

    /// <inheritdoc />
    public Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IDiscoverySession>(new InMemorySession(this, timeToLive, _timeProvider));
    }

    /// <inheritdoc />
    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var found = _entries
                .Where(entry => ranges.Any(range => range.Contains(entry.Key)))
                .Select(entry => new StoreEntry(entry.Key, entry.Value.Value, entry.Value.Revision))
                .ToList();
            return Task.FromResult(new StoreContents(new StoreRevision(_revision), found));
        }
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges,
        StoreRevision after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var watcher = new InMemoryWatcher(ranges);
        try
        {
            Attach(watcher, after);
            await foreach (var batch in watcher.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return batch;
            }
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(watcher);
            }
        }
    }

    /// <summary>Ends all watches with a transient error, and deletes all entries.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _watchers.ForEach(watcher => watcher.End());
            _entries.Clear();
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal StoreRevision? TryPut(InMemorySession session, IReadOnlyList<StorePut> puts)
    {
        lock (_lock)
        {
            session.ThrowIfLost();
            if (!puts.All(Holds))
            {
                return null;
            }

            var revision = ++_revision;
            foreach (var put in puts)
            {
                _entries[put.Key] = new InMemoryEntry(put.Value, revision, put.IsDurable ? null : session);
            }

            Publish([.. puts.Select(put => new StoreEvent(put.Key, put.Value, revision))]);
            return new StoreRevision(revision);
        }
    }

    internal void Delete(Func<string, InMemoryEntry, bool> matches)
    {
        lock (_lock)
        {
            var keys = _entries.Where(entry => matches(entry.Key, entry.Value)).Select(entry => entry.Key).ToList();
            if (keys.Count == 0)
            {
                return;
            }

            var revision = ++_revision;
            keys.ForEach(key => _entries.Remove(key));
            Publish([.. keys.Select(key => new StoreEvent(key, null, revision))]);
        }
    }

    private bool Holds(StorePut put) =>
        put.ExpectedRevision is not { } expected
        || expected == (_entries.TryGetValue(put.Key, out var entry) ? entry.Revision : 0);

    private void Publish(IReadOnlyList<StoreEvent> events)
    {
        var batch = new StoreBatch(new StoreRevision(_revision), events);
        _history.Add(batch);
        if (_history.Count > InMemoryWatcher.Capacity)
        {
            _history.RemoveAt(0);
        }

        _watchers.ForEach(watcher => watcher.Offer(batch));
    }

    private void Attach(InMemoryWatcher watcher, StoreRevision after)
    {
        lock (_lock)
        {
            var oldestKept = _history.Count == 0 ? _revision + 1 : _history[0].Revision.Number;
            if (after.Number > _revision || after.Number < oldestKept - 1)
            {
                throw new HistoryLostException($"Revision {after.Number} is no longer in the history of this store.");
            }

            watcher.Offer(new StoreBatch(after, []));
            foreach (var batch in _history.Where(batch => batch.Revision.Number > after.Number))
            {
                watcher.Offer(batch);
            }

            _watchers.Add(watcher);
        }
    }
}
