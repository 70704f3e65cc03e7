using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Http;

/// <summary>Finds services whose names have capital letters, because the host names of URLs are lower case. Safe for concurrent use.</summary>
internal sealed class CapitalizedNames(IServiceDirectory directory, TimeProvider timeProvider) : IDisposable
{
    // Limits the cost of unknown names, which may come from untrusted callers.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _reading = new(1);
    private IReadOnlyList<string>? _names;
    private long _readAt;

    /// <summary>Finds the only service whose name differs from a host name only in case.</summary>
    /// <returns>The service's name; null if there is none, if there are several, or if etcd cannot be read.</returns>
    public async Task<string?> FindAsync(string host, CancellationToken cancellationToken)
    {
        var names = await ReadAsync(cancellationToken).ConfigureAwait(false);
        return HostNames.FindService(names, host);
    }

    public void Dispose() => _reading.Dispose();

    private async Task<IReadOnlyList<string>> ReadAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_names is null || timeProvider.GetElapsedTime(_readAt) > MaxAge)
            {
                _names = await directory.GetServiceNamesAsync(cancellationToken).ConfigureAwait(false);
                _readAt = timeProvider.GetTimestamp();
            }

            return _names;
        }
        catch (EtcdDiscoveryException)
        {
            return [];
        }
        finally
        {
            _reading.Release();
        }
    }
}
