using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>Signs registrations off while they still serve, so that no new callers arrive when they stop.</summary>
/// <param name="delay">How long they go on serving then.</param>
/// <param name="tellsExpiry">Whether the store tells a deletion from an expiry, so that readers need no mark to know a withdrawal.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class DrainCoordinator(TimeSpan delay, bool tellsExpiry, TimeProvider timeProvider)
{
    // Time enough for one write to an etcd in reach; others are told of a host's leaving, but it does not wait for long.
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    /// <summary>Marks what is in the store as draining, and lets others notice when they could be told.</summary>
    /// <param name="registrations">Which are leaving.</param>
    /// <param name="cancellationToken">Ends the waiting; it never throws.</param>
    public async Task DrainAsync(IEnumerable<IServiceRegistration> registrations, CancellationToken cancellationToken)
    {
        var stored = registrations.Where(
            registration => registration.State is RegistrationState.Registered or RegistrationState.RenewingLate).ToList();
        // A mark that is deleted at once says nothing more than the deletion, but wakes all who watch.
        if (stored.Count == 0 || (tellsExpiry && delay == TimeSpan.Zero))
        {
            return;
        }

        using var timeout = new LinkedTimeout(MaxTime, timeProvider, cancellationToken);
        // One that was withdrawn meanwhile throws at once.
        var telling = stored.ConvertAll(async registration =>
            await registration.SetStatusAsync(ServiceStatus.Draining, null, timeout.Token).ConfigureAwait(false));
        await Task.WhenAll(telling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // One that could not be told must not cost the others their delay.
        if (telling.Exists(told => told.IsCompletedSuccessfully))
        {
            await Task.Delay(delay, timeProvider, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
