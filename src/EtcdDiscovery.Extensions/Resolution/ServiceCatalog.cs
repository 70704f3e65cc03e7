using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution.Persistence;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Holds a watcher for every queried service, from the first query until the service is no longer used.</summary>
internal sealed partial class ServiceCatalog(
    IDiscoveryStore store, CatalogSettings settings, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    : IAsyncDisposable, IDisposable
{
    /// <summary>The maximum number of watched services. No application is expected to call as many.</summary>
    public const int MaxServices = 10_000;

    /// <summary>The maximum number of watched names of nonexistent services. Such names may come from untrusted callers.</summary>
    public const int MaxUnknownNames = 1_000;

    // Limits the cost of a query, regardless of how many names of unknown services are queued.
    private const int MaxEvictionChecks = 8;

    // Idle time is measured in quarters of the timeout by a timer, so that queries do not have to read the clock.
    private const int IdlePeriods = 4;

    private readonly ConcurrentDictionary<string, ServiceWatcher> _services = new(StringComparer.Ordinal);
    // Services in the order of their first query, until they are known to exist.
    private readonly Queue<ServiceWatcher> _newcomers = new();
    private readonly Channel<ServiceWatcher> _evicted = Channel.CreateUnbounded<ServiceWatcher>();
    private readonly BoundedReads _store = new(store, timeProvider);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _logger = loggerFactory.CreateLogger(LogCategories.Resolution);
    private readonly Lock _changing = new();
    private Task? _upkeep;
    private volatile bool _hasRead;

    public IEnumerable<ServiceWatcher> Services => _services.Values;

    /// <summary>Whether this process has ever read a service, from the store or from a file.</summary>
    public bool HasRead => _hasRead || (_hasRead = _services.Values.Any(service => service.View.IsKnown));

    /// <summary>Finds a watched service, without taking a lock.</summary>
    public bool TryGetService(string service, [NotNullWhen(true)] out ServiceWatcher? watched)
    {
        ArgumentNullException.ThrowIfNull(service);
        return _services.TryGetValue(service, out watched);
    }

    /// <summary>Starts to watch a service if necessary, and gets a view that is as current as requested.</summary>
    public ValueTask<ServiceView> GetViewAsync(
        string service, ReadConsistency consistency, out ServiceWatcher watched, CancellationToken cancellationToken)
    {
        lock (_changing)
        {
            watched = Watch(service);
            return watched.GetViewAsync(consistency, cancellationToken);
        }
    }

    /// <summary>Starts to watch a service if necessary, and subscribes to its changes.</summary>
    public ChangeQueue Subscribe(string service, out ServiceWatcher watched)
    {
        lock (_changing)
        {
            watched = Watch(service);
            return watched.Subscribe();
        }
    }

    /// <summary>Starts to watch a service if necessary. The service may be evicted at any time unless a query waits for it.</summary>
    public ServiceWatcher Watch(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_changing)
        {
            if (!_services.TryGetValue(service, out var watched))
            {
                watched = Add(service);
            }

            watched.Use();
            return watched;
        }
    }

    public void Dispose()
    {
        lock (_changing)
        {
            _stopping.Cancel();
            _evicted.Writer.TryComplete();
        }

        foreach (var service in _services.Values)
        {
            service.Stop();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await (_upkeep ?? Task.CompletedTask).ConfigureAwait(false);
        foreach (var service in _services.Values)
        {
            // Removed first, so that later queries fail instead of using a stopped watcher.
            _services.TryRemove(service.Name, out _);
            await ForgetAsync(service).ConfigureAwait(false);
        }

        _store.Dispose();
    }

    private ServiceWatcher Add(string service)
    {
        if (ServiceKeys.DescribeBadServiceName(service) is { } reason)
        {
            throw new ArgumentException($"Service name '{LogSanitizer.Sanitize(service)}' {reason}.", nameof(service));
        }

        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, typeof(IServiceResolver));
        EvictUnknownNames();
        if (_services.Count >= MaxServices)
        {
            throw new EtcdDiscoveryException(
                $"Service '{LogSanitizer.Sanitize(service)}' cannot be queried: {MaxServices} services are watched already, which is the limit.",
                isTransient: true);
        }

        var watched = new ServiceWatcher(service, _store, settings, timeProvider, loggerFactory);
        _services[service] = watched;
        _newcomers.Enqueue(watched);
        watched.Start();
        _upkeep ??= Background.StartAsync(() => Task.WhenAll(ForgetIdleAsync(_stopping.Token), SaveAsync(_stopping.Token), ForgetEvictedAsync()));
        return watched;
    }

    // Evicts the oldest names first, but never a service that exists or has readers. The next query of an evicted name reads it again.
    private void EvictUnknownNames()
    {
        var allowed = _services.Count < MaxServices ? MaxUnknownNames : 0;
        for (var checks = 0; checks < MaxEvictionChecks && _newcomers.Count > allowed; checks++)
        {
            var oldest = _newcomers.Dequeue();
            if (oldest.Exists)
            {
                continue;
            }

            if (oldest.HasReaders)
            {
                _newcomers.Enqueue(oldest);
            }
            else if (_services.TryRemove(KeyValuePair.Create(oldest.Name, oldest)))
            {
                oldest.Stop();
                _evicted.Writer.TryWrite(oldest);
            }
        }
    }

    private async Task ForgetEvictedAsync()
    {
        await foreach (var evicted in _evicted.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            await ForgetAsync(evicted).ConfigureAwait(false);
        }
    }

    private async Task ForgetIdleAsync(CancellationToken stopping)
    {
        if (settings.IdleTimeout == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        using var timer = new PeriodicTimer(settings.IdleTimeout / IdlePeriods, timeProvider);
        while (await TicksAsync(timer, stopping).ConfigureAwait(false))
        {
            foreach (var idle in TakeIdle())
            {
                Log.Forgotten(_logger, LogSanitizer.Sanitize(idle.Name), settings.IdleTimeout);
                await ForgetAsync(idle).ConfigureAwait(false);
            }
        }
    }

    private List<ServiceWatcher> TakeIdle()
    {
        lock (_changing)
        {
            // Reading the property remembers that a service was read, even if the last one is removed below.
            _ = HasRead;
            var idle = _services.Values.Where(service => service.CountIdlePeriod() >= IdlePeriods).ToList();
            idle.ForEach(service => _services.TryRemove(service.Name, out _));
            return idle;
        }
    }

    private async Task SaveAsync(CancellationToken stopping)
    {
        if (settings.Directory is not { } directory)
        {
            return;
        }

        var saver = new SnapshotSaver(directory, timeProvider);
        using var timer = new PeriodicTimer(SnapshotSaver.Interval, timeProvider);
        while (await TicksAsync(timer, stopping).ConfigureAwait(false))
        {
            await SaveAsync(saver).ConfigureAwait(false);
        }

        await SaveAsync(saver).ConfigureAwait(false);
    }

    private async Task ForgetAsync(ServiceWatcher service)
    {
        try
        {
            await service.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Log.UpkeepFailed(_logger, error.Message);
        }
    }

    private async Task SaveAsync(SnapshotSaver saver)
    {
        try
        {
            await saver.SaveAsync([.. _services.Values]).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Log.UpkeepFailed(_logger, error.Message);
        }
    }

    private static async Task<bool> TicksAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }
    }
}
