namespace EtcdDiscovery.Registration;

/// <summary>Signs registrations off while they still serve, so that nobody new comes when they stop.</summary>
internal sealed class Draining(TimeSpan delay, TimeProvider timeProvider)
{
    // Time enough for one write to an etcd in reach; others are told of a host's leaving, but it does not wait for long.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Marks what is in the store as draining, and lets others notice when they could be told.</summary>
    /// <param name="registrations">Which are leaving.</param>
    /// <param name="cancellationToken">Ends the waiting; it never throws.</param>
    public async Task AnnounceAsync(IEnumerable<ServiceRegistration> registrations, CancellationToken cancellationToken)
    {
        var stored = registrations.Where(registration => registration.IsStored).ToList();
        if (stored.Count == 0)
        {
            return;
        }

        using var patience = new CancellationTokenSource(Patience, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var telling = Task.WhenAll(stored.Select(registration =>
            registration.SetStatusAsync(ServiceStatus.Draining, null, either.Token)));
        await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (telling.IsCompletedSuccessfully)
        {
            await Task.Delay(delay, timeProvider, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
