using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Resolution;

/// <summary>Reads a service from the store for queries that want it fresher than its watch; queries at the same time share one read.</summary>
/// <param name="service">The service.</param>
/// <param name="store">The store.</param>
/// <param name="current">The published view: instances that are the same in both stay the same objects.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class FreshReader(
    string service, IDiscoveryStore store, Func<ServiceView> current, TimeProvider timeProvider) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _sync = new();
    private Task<ServiceView> _running = Task.FromResult(ServiceView.Empty);
    private Task<ServiceView>? _next;
    private volatile ServiceView? _latest;

    /// <summary>A view that is not older than a limit: the one read last, if that will do, else one that is read now.</summary>
    /// <exception cref="EtcdDiscoveryException">The store cannot be read.</exception>
    public async Task<ServiceView> GetAsync(TimeSpan maxStaleness, CancellationToken cancellationToken)
    {
        if (_latest is { } latest && latest.Freshness.Age(timeProvider) <= maxStaleness)
        {
            return latest;
        }

        try
        {
            return await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdDiscoveryException error)
        {
            var age = current().Freshness.Age(timeProvider).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
            throw new EtcdDiscoveryException(
                $"Service '{LogSanitizer.Sanitize(service)}' was known {age} s ago, which is longer than MaxStaleness, {maxStaleness}, allows: {error.Message}",
                error.IsTransient,
                error);
        }
    }

    /// <summary>A view whose reading begins after this call.</summary>
    public Task<ServiceView> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            // A read that is under way may have been answered already; queries that come meanwhile share the one after it.
            var read = _running.IsCompleted ? _running = Background.RunAsync(ReadNowAsync) : _next ??= Background.RunAsync(() => ReadNextAsync(_running));
            // Every query that waits for it may be cancelled, and its failure is no unobserved exception then.
            _ = read.ContinueWith(
                static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return read.WaitAsync(cancellationToken);
        }
    }

    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await ((Task)(_next ?? _running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<ServiceView> ReadNextAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (_sync)
        {
            _running = _next!;
            _next = null;
        }

        return await ReadNowAsync().ConfigureAwait(false);
    }

    // With a reader of its own: the watcher's belongs to its loop, and has logged what is unreadable.
    private async Task<ServiceView> ReadNowAsync()
    {
        var freshness = Freshness.Live(timeProvider);
        var reader = new EntryReader(service, NullLogger.Instance);
        // Taken before the read, so that its successor reveals whatever the read may miss.
        var known = current();
        var contents = await store.ReadAsync(reader.Ranges, _stopping.Token).ConfigureAwait(false);
        var view = reader.Read(known, contents, doubt: false).View.SupersededWith(known).With(freshness, picks: null);
        _latest = view;
        return view;
    }
}
