using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Resolution;

/// <summary>
/// Reads a service from the store for queries that require a newer answer than the published view. Concurrent queries share one read.
/// </summary>
/// <param name="service">The service.</param>
/// <param name="store">The store.</param>
/// <param name="current">Returns the published view. Unchanged instances stay the same objects.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class FreshReader(
    string service, IDiscoveryStore store, Func<ServiceView> current, TimeProvider timeProvider) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _sync = new();
    private Task<ServiceView> _running = Task.FromResult(ServiceView.Empty);
    private Task<ServiceView>? _next;
    private volatile ServiceView? _latest;

    /// <summary>Gets a view that is not older than a limit: the last one read if it is new enough, otherwise a new one.</summary>
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
                $"Service '{LogSanitizer.Sanitize(service)}' was last confirmed {age} s ago, which exceeds MaxStaleness, {maxStaleness}, and could not be read: {error.Message}",
                error.IsTransient,
                error);
        }
    }

    /// <summary>Gets a view that is read after this call.</summary>
    public Task<ServiceView> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            // The store may already have answered a read that is in progress, so queries that arrive during that read share the next one.
            var read = _running.IsCompleted ? _running = Background.RunAsync(ReadNowAsync) : _next ??= Background.RunAsync(() => ReadNextAsync(_running));
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

    // Uses a separate reader without a logger: the watcher's reader belongs to its loop, and logs unreadable entries.
    private async Task<ServiceView> ReadNowAsync()
    {
        var freshness = Freshness.Live(timeProvider);
        var reader = new EntryReader(service, NullLogger.Instance);
        // Taken before the read, so that the change token fires for any change that the read may miss.
        var known = current();
        var contents = await ReadAsync(reader.Ranges).ConfigureAwait(false);
        var view = reader.Read(known, contents, keepVanished: false).View.SupersededWith(known).With(freshness, picks: null);
        _latest = view;
        return view;
    }

    private async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges)
    {
        try
        {
            return await store.ReadAsync(ranges, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(IServiceResolver));
        }
    }
}
