using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Testing;

/// <summary>A store in memory that can be made unreachable, and that knows which session holds a key.</summary>
internal sealed class ScriptedStore(TimeProvider timeProvider) : IDiscoveryStore, IDisposable
{
    private readonly InMemoryDiscoveryStore _memory = new(timeProvider);
    private readonly ConcurrentDictionary<string, IDiscoverySession> _holders = new(StringComparer.Ordinal);
    private readonly Lock _sync = new();
    private volatile CancellationTokenSource _outage = new();

    public IReadOnlyList<string> Endpoints => _memory.Endpoints;

    public StoreCapabilities Capabilities => _memory.Capabilities;

    /// <summary>Puts an entry under a session of its own that never expires by itself, even during an outage.</summary>
    /// <returns>Whether the condition of the put held.</returns>
    public bool TryPut(StorePut put) =>
        ResultOf(PutAsync(ResultOf(_memory.OpenSessionAsync(Timeout.InfiniteTimeSpan, default)), [put], default)) is not null;

    /// <summary>Finds the entry of an instance.</summary>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public string Find(string instanceId, out ReadOnlyMemory<byte> value)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var entries = ResultOf(_memory.ReadAsync([StoreRange.Prefix(ServiceKeys.Instances)], default)).Entries;
        var found = entries.FirstOrDefault(entry => entry.Key.EndsWith("/" + instanceId, StringComparison.Ordinal))
            ?? throw new ArgumentException($"There is no instance '{instanceId}'.", nameof(instanceId));
        value = found.Value;
        return found.Key;
    }

    /// <summary>Ends the session that last put a key, with all entries under it.</summary>
    public void Expire(string key)
    {
        if (_holders.TryRemove(key, out var session))
        {
            ResultOf(CloseAsync(session));
        }
    }

    public void BeginOutage()
    {
        lock (_sync)
        {
            _outage.Cancel();
        }
    }

    public void EndOutage()
    {
        lock (_sync)
        {
            if (_outage.IsCancellationRequested)
            {
                _outage.Dispose();
                _outage = new();
            }
        }
    }

    public void Close()
    {
        _memory.Dispose();
        _outage.Dispose();
    }

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ThrowIfUnreachable();
        return new Session(this, await _memory.OpenSessionAsync(timeToLive, cancellationToken).ConfigureAwait(false));
    }

    public async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        ThrowIfUnreachable();
        return await _memory.ReadAsync(ranges, cancellationToken).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var outage = ThrowIfUnreachable();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, outage);
        var batches = _memory.WatchAsync(ranges, after, ending.Token).GetAsyncEnumerator(CancellationToken.None);
        await using var _ = batches.ConfigureAwait(false);
        while (await MoveNextAsync().ConfigureAwait(false))
        {
            yield return batches.Current;
        }

        async ValueTask<bool> MoveNextAsync()
        {
            try
            {
                return await batches.MoveNextAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Unreachable();
            }
        }
    }

    // Applications dispose their store when they stop, but the test still uses it.
    public void Dispose()
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<StoreRevision?> PutAsync(
        IDiscoverySession session, IReadOnlyList<StorePut> puts, CancellationToken cancellationToken)
    {
        var revision = await session.TryPutAsync(puts, cancellationToken).ConfigureAwait(false);
        if (revision is not null)
        {
            foreach (var put in puts.Where(put => !put.IsDurable))
            {
                _holders[put.Key] = session;
            }
        }

        return revision;
    }

    private static async Task<bool> CloseAsync(IDiscoverySession session)
    {
        await session.CloseAsync(CancellationToken.None).ConfigureAwait(false);
        return true;
    }

    private CancellationToken ThrowIfUnreachable()
    {
        lock (_sync)
        {
            return _outage.IsCancellationRequested ? throw Unreachable() : _outage.Token;
        }
    }

    private static EtcdDiscoveryException Unreachable() => new("The store is unreachable: the test simulates an outage.", isTransient: true);

    // The store in memory has completed the call when it returns the task.
#pragma warning disable VSTHRD002
    private static T ResultOf<T>(Task<T> task) => task.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    /// <summary>A session of an application, which fails during an outage.</summary>
    private sealed class Session(ScriptedStore store, IDiscoverySession session) : IDiscoverySession
    {
        public TimeSpan TimeToLive => session.TimeToLive;

        public async Task RenewAsync(CancellationToken cancellationToken)
        {
            store.ThrowIfUnreachable();
            await session.RenewAsync(cancellationToken).ConfigureAwait(false);
        }

        public async Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken)
        {
            store.ThrowIfUnreachable();
            return await store.PutAsync(session, puts, cancellationToken).ConfigureAwait(false);
        }

        public async Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
        {
            store.ThrowIfUnreachable();
            await session.DeleteAsync(keys, cancellationToken).ConfigureAwait(false);
        }

        public async Task CloseAsync(CancellationToken cancellationToken)
        {
            store.ThrowIfUnreachable();
            await session.CloseAsync(cancellationToken).ConfigureAwait(false);
        }

        public ValueTask DisposeAsync() => session.DisposeAsync();
    }
}
