using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Model;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Every service that was asked for, watched from the first question on.</summary>
internal sealed class ServiceCatalog(
    IDiscoveryStore store, Backoff backoff, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    : IAsyncDisposable, IDisposable
{
    private readonly ConcurrentDictionary<string, WatchedService> _services = new(StringComparer.Ordinal);
    private readonly Lock _adding = new();
    private bool _disposed;

    public IEnumerable<WatchedService> Services => _services.Values;

    /// <summary>A service's latest snapshot, if it is watched and was read. Takes no lock.</summary>
    public bool TryGetSnapshot(string service, [NotNullWhen(true)] out CatalogSnapshot? snapshot)
    {
        ArgumentNullException.ThrowIfNull(service);
        snapshot = _services.TryGetValue(service, out var watched) ? watched.Current : null;
        return snapshot is not null;
    }

    /// <summary>A service, watched from now on when it was not before.</summary>
    public WatchedService Watch(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        if (_services.TryGetValue(service, out var watched))
        {
            return watched;
        }

        if (ServiceKeys.DescribeBadServiceName(service) is { } reason)
        {
            throw new ArgumentException($"Service name '{Untrusted.Print(service)}' {reason}.", nameof(service));
        }

        lock (_adding)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(IServiceResolver));
            return _services.GetOrAdd(service, Add);
        }
    }

    public void Dispose()
    {
        lock (_adding)
        {
            _disposed = true;
        }

        foreach (var service in _services.Values)
        {
            service.Stop();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Dispose();
        foreach (var service in _services.Values)
        {
            await service.DisposeAsync().ConfigureAwait(false);
        }
    }

    private WatchedService Add(string name)
    {
        var service = new WatchedService(name, store, backoff, timeProvider, loggerFactory);
        service.Start();
        return service;
    }
}
