using System.Collections.Concurrent;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A decorator whose sessions fail or delay operations on demand.</summary>
internal sealed class RefusingStore(IDiscoveryStore inner) : StoreDecorator(inner)
{
    private readonly ConcurrentQueue<Func<Task>> _refused = new();

    /// <summary>The failure of a put of a key; null if it succeeds.</summary>
    public Func<string, EtcdDiscoveryException?> Refusal { get; set; } = _ => null;

    /// <summary>If set, renewals of a session fail with this exception.</summary>
    public EtcdDiscoveryException? Renewal { get; set; }

    /// <summary>If set, disposing a session fails with this exception.</summary>
    public Exception? Disposal { get; init; }

    /// <summary>Each renewal waits for this task before it starts.</summary>
    public Task Renewing { get; set; } = Task.CompletedTask;

    /// <summary>A session returns from a deletion when this task is completed.</summary>
    public Task Deleted { get; set; } = Task.CompletedTask;

    /// <summary>A session returns from closing when this task is completed.</summary>
    public Task Closed { get; set; } = Task.CompletedTask;

    /// <summary>A session waits for this task before it closes.</summary>
    public Task Closing { get; set; } = Task.CompletedTask;

    /// <summary>Executes all refused puts, as a frozen member does that continues.</summary>
    public async Task ExecuteRefusedAsync()
    {
        while (_refused.TryDequeue(out var putAsync))
        {
            await putAsync();
        }
    }

    public override async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        new Session(await base.OpenSessionAsync(timeToLive, cancellationToken), this);

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
