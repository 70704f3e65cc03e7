using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>Renews an open session in time, and notices when it is late or lost.</summary>
/// <param name="current">The state of the session, which this class advances.</param>
/// <param name="backoff">How long to wait after a failed renewal.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">The logger.</param>
internal sealed partial class SessionRenewal(ProcessSession current, Backoff backoff, TimeProvider timeProvider, ILogger logger)
{
    // Less than that is the noise of a busy machine.
    private static readonly TimeSpan MinLateness = TimeSpan.FromSeconds(1);

    private readonly LogThrottle _latenesses = new(timeProvider);

    private TimeSpan UntilExpiry => current.State.UntilExpiry(current.Now);

    /// <summary>Renews the session until it is lost.</summary>
    /// <exception cref="SessionLostException">The session is gone, or was not renewed in time.</exception>
    public async Task RenewAsync(IDiscoverySession session, CancellationToken ending)
    {
        // The hosts of a fleet often register at the same time, such as after an outage. They must not renew at the same time from then on.
        var pause = current.State.UntilRenewal(current.Now) * Random.Shared.NextDouble();
        while (true)
        {
            var lateness = await SleepAsync(pause, ending).ConfigureAwait(false);
            var askedAt = current.Now;
            if (!current.State.IsAlive)
            {
                throw NotRenewedInTime();
            }

            if (lateness >= MinLateness && _latenesses.Allows(out var leftOut))
            {
                Log.ProcessLate(logger, lateness.TotalSeconds, current.State.TimeToLive, leftOut);
            }

            try
            {
                await RenewInTimeAsync(session, ending).ConfigureAwait(false);
                current.OnRenewed(askedAt);
                pause = current.State.UntilRenewal(current.Now);
            }
            catch (EtcdDiscoveryException error) when (error is not SessionLostException)
            {
                current.OnFailed(error.Message);
                LogFailed(error);
                pause = Longer(Shorter(backoff.DelayAfter(current.State.Failures), UntilExpiry), current.State.UntilRenewal(current.Now));
            }
        }
    }

    /// <summary>Publishes the states that the session enters only because time passes.</summary>
    /// <remarks>
    /// A renewal may remain unanswered until the session expires. In that case, only the clock shows that the session is late or lost.
    /// </remarks>
    public async Task AgeAsync(IDiscoverySession session, CancellationToken ending)
    {
        while (true)
        {
            // Continue after expiry, because an answer that was in flight at that moment may still revive the session.
            var pause = current.State is { IsAlive: true } state ? state.UntilNextPhase(current.Now) : session.TimeToLive;
            current.OnTimePassed();
            // A timer may fire up to a millisecond early.
            await SleepAsync(pause + TimeSpan.FromMilliseconds(1), ending).ConfigureAwait(false);
        }
    }

    // A renewal that is unanswered when the session expires has failed.
    private async Task RenewInTimeAsync(IDiscoverySession session, CancellationToken ending)
    {
        // The process may have been paused since the state was read, so the remaining time may be negative.
        using var expiry = new CancellationTokenSource(Longer(TimeSpan.Zero, UntilExpiry), timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, ending);
        try
        {
            await session.RenewAsync(linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (expiry.IsCancellationRequested)
        {
            throw NotRenewedInTime();
        }
    }

    /// <returns>How late the process woke up: it may be paused or starved of threads, and etcd must not be blamed for that.</returns>
    private async Task<TimeSpan> SleepAsync(TimeSpan pause, CancellationToken ending)
    {
        var due = current.Now + pause;
        await Task.Delay(pause, timeProvider, ending).ConfigureAwait(false);
        var lateness = current.Now - due;
        current.OnWoke(lateness);
        return lateness;
    }

    private SessionLostException NotRenewedInTime() => new(current.Lateness < MinLateness
        ? "The session was not renewed in time."
        : string.Create(
            CultureInfo.InvariantCulture,
            $"The session was not renewed in time: this process was late by {current.Lateness.TotalSeconds:0.0} s, because it was paused or its thread pool is starved. Avoid blocking calls, or raise EtcdDiscovery:TimeToLive."));

    private void LogFailed(EtcdDiscoveryException error)
    {
        var left = Longer(TimeSpan.Zero, UntilExpiry).TotalSeconds;
        if (current.State.Failures == 1)
        {
            Log.RenewalFailed(logger, left, error.Message);
        }
        else
        {
            Log.RenewalFailedAgain(logger, current.State.Failures, left, error.Message);
        }
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : Longer(b, TimeSpan.Zero);
}
