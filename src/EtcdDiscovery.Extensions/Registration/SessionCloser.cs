using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>Takes everything out of the store that stands there under a session; what cannot be taken out expires.</summary>
internal sealed partial class SessionCloser(Backoff backoff, TimeProvider timeProvider, ILogger logger)
{
    private const int MaxTries = 3;

    // Time enough to get from a silent endpoint to another one; with draining before it, an end within 10 s.
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(7);

    /// <summary>Closes a session and disposes it. Never throws.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task CloseAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        // In less than its time to live it takes itself out.
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

    /// <summary>Disposes a session. Never throws, even if the session of an application's own store does.</summary>
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

    /// <returns>Why it is not closed; null when it is.</returns>
    private async Task<string?> TryCloseAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        string? reason = null;
        for (var tries = 1; ; tries++)
        {
            try
            {
                await session.CloseAsync(cancellationToken).ConfigureAwait(false);
                return null;
            }
            catch (Exception error)
            {
                // That we gave up says less than what went wrong before.
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
