using System.Collections.Concurrent;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A store in between whose sessions refuse, or hold back, what the test says.</summary>
internal sealed class RefusingStore(IDiscoveryStore inner) : IDiscoveryStore
{
    private readonly ConcurrentQueue<Func<Task>> _refused = new();

    /// <summary>Why a key is not put; null when it is.</summary>
    public Func<string, EtcdDiscoveryException?> Refusal { get; set; } = _ => null;

    /// <summary>What renewing a session fails with while it is set.</summary>
    public EtcdDiscoveryException? Renewal { get; set; }

    /// <summary>What disposing a session fails with.</summary>
    public Exception? Disposal { get; init; }

    /// <summary>Renewing a session waits for this.</summary>
    public Task Renewing { get; set; } = Task.CompletedTask;

    /// <summary>A session answers, after it has deleted keys, when this is done.</summary>
    public Task Deleted { get; set; } = Task.CompletedTask;

    /// <summary>A session answers, after it has ended, when this is done.</summary>
    public Task Closed { get; set; } = Task.CompletedTask;

    /// <summary>Ending a session waits for this.</summary>
    public Task Closing { get; set; } = Task.CompletedTask;

    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    public StoreCapabilities Capabilities => inner.Capabilities;

    /// <summary>Does all that it has refused, as a member does that was frozen and goes on.</summary>
    public async Task DoRefusedAsync()
    {
        while (_refused.TryDequeue(out var putAsync))
        {
            await putAsync();
        }
    }

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        new Session(await inner.OpenSessionAsync(timeToLive, cancellationToken), this);

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        inner.ReadAsync(ranges, cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        inner.WatchAsync(ranges, after, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Session(IDiscoverySession session, RefusingStore store) : IDiscoverySession
    {
        public TimeSpan TimeToLive => session.TimeToLive;

        public async Task RenewAsync(CancellationToken cancellationToken)
        {
            await store.Renewing.WaitAsync(cancellationToken);
            await (store.Renewal is { } failure ? Task.FromException(failure) : session.RenewAsync(cancellationToken));
        }

        public Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken)
        {
            if (puts.Select(put => store.Refusal(put.Key)).FirstOrDefault(refusal => refusal is not null) is not { } failure)
            {
                return session.TryPutAsync(puts, cancellationToken);
            }

            store._refused.Enqueue(() => session.TryPutAsync(puts, CancellationToken.None));
            throw failure;
        }

        public async Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
        {
            await session.DeleteAsync(keys, cancellationToken);
            await store.Deleted.WaitAsync(cancellationToken);
        }

        public async Task CloseAsync(CancellationToken cancellationToken)
        {
            await store.Closing.WaitAsync(cancellationToken);
            await session.CloseAsync(cancellationToken);
            await store.Closed.WaitAsync(cancellationToken);
        }

        public ValueTask DisposeAsync() => store.Disposal is { } failure ? ValueTask.FromException(failure) : session.DisposeAsync();
    }
}
