using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>Marks registrations as draining before they stop, so that by then callers have switched to other instances.</summary>
/// <param name="delay">How long the instances keep handling requests after they are marked.</param>
/// <param name="hasExpiryEvents">
/// Whether the store distinguishes deletion from expiry, so that watchers recognize a withdrawal without a mark.
/// </param>
/// <param name="timeProvider">The clock.</param>
internal sealed class DrainCoordinator(TimeSpan delay, bool hasExpiryEvents, TimeProvider timeProvider)
{
    // Long enough for one write if etcd is reachable. Shutdown must not wait longer for a mark.
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    /// <summary>Marks registered instances as draining, then waits for the delay if at least one mark was written.</summary>
    /// <param name="registrations">The registrations to drain.</param>
    /// <param name="cancellationToken">Ends the wait. The method never throws.</param>
    /// <returns>False if the wait was ended before the delay had elapsed.</returns>
    public async Task<bool> DrainAsync(IEnumerable<IServiceRegistration> registrations, CancellationToken cancellationToken)
    {
        var stored = registrations.Where(
            registration => registration.State is RegistrationState.Registered or RegistrationState.RenewingLate).ToList();
        // Without a delay, the mark adds nothing to the deletion that follows, but costs every watcher an event.
        if (stored.Count == 0 || (hasExpiryEvents && delay == TimeSpan.Zero))
        {
            return true;
        }

        using var timeout = new LinkedTimeout(MaxTime, timeProvider, cancellationToken);
        // The lambda is async, because SetStatusAsync may throw immediately if the registration has just been withdrawn.
        var marking = stored.ConvertAll(async registration =>
            await registration.SetStatusAsync(ServiceStatus.Draining, null, timeout.Token).ConfigureAwait(false));
        await Task.WhenAll(marking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // A failed mark must not cost the other registrations their delay.
        if (!marking.Exists(mark => mark.IsCompletedSuccessfully))
        {
            return true;
        }

        var waiting = Task.Delay(delay, timeProvider, cancellationToken);
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return waiting.IsCompletedSuccessfully;
    }
}
