using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>Closes sessions, which removes their entries from the store. If that fails, the entries expire.</summary>
internal sealed partial class SessionCloser(Backoff backoff, TimeProvider timeProvider, ILogger logger)
{
    private const int MaxTries = 3;

    // Long enough to switch from an unresponsive endpoint to another one. Together with marking as draining, shutdown takes less than 10 s.
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(7);

    /// <summary>Closes a session and disposes it. Never throws.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Stops the attempts; the entries then expire.</param>
    public async Task CloseAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        // Trying for longer than the time to live is pointless: the entries have expired by then.
        using var timeout = new LinkedTimeout(
            session.TimeToLive < MaxTime ? session.TimeToLive : MaxTime, timeProvider, cancellationToken);
        if (await TryCloseAsync(session, timeout.Token).ConfigureAwait(false) is { } reason)
        {
            Log.WithdrawalFailed(logger, session.TimeToLive, reason);
        }
        else
        {
            Log.SessionClosed(logger);
        }

        await DisposeAsync(session).ConfigureAwait(false);
    }

    /// <summary>Disposes a session. Never throws, even if the session of a custom store does.</summary>
    public async Task DisposeAsync(IDiscoverySession session)
    {
        try
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Log.DisposalFailed(logger, error.Message);
        }
    }

    /// <returns>Why the session is not closed; null if it is.</returns>
    private async Task<string?> TryCloseAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        string? reason = null;
        for (var tries = 1; ; tries++)
        {
            try
            {
                await Telemetry.TraceAsync("etcd_discovery.withdraw", default, () => session.CloseAsync(cancellationToken)).ConfigureAwait(false);
                return null;
            }
            catch (Exception error)
            {
                // An earlier error is more informative than the cancellation.
                reason = error is OperationCanceledException ? reason ?? "no answer in time" : error.Message;
                if (tries == MaxTries || cancellationToken.IsCancellationRequested || error is not EtcdDiscoveryException { IsTransient: true })
                {
                    return reason;
                }
            }

            await Task.Delay(backoff.DelayAfter(tries), timeProvider, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
