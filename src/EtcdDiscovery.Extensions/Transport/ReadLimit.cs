using System.Globalization;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Transport;

/// <summary>Limits how long a whole read may take, however many requests it needs.</summary>
internal static class ReadLimit
{
    // Timeouts of single requests do not protect against a server that always returns another page.
    private const int RequestTimeouts = 10;

    /// <exception cref="EtcdDiscoveryException">The read failed, or took too long.</exception>
    public static async Task<T> ApplyAsync<T>(
        TimeSpan requestTimeout, TimeProvider timeProvider, Func<CancellationToken, Task<T>> readAsync, CancellationToken cancellationToken)
    {
        var limit = requestTimeout * RequestTimeouts;
        using var timeout = new LinkedTimeout(limit, timeProvider, cancellationToken);
        try
        {
            return await readAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.HasExpired)
        {
            throw new EtcdDiscoveryException(
                string.Create(CultureInfo.InvariantCulture, $"Etcd did not finish answering a read within {limit.TotalSeconds:0.###} s."),
                isTransient: true);
        }
    }
}
