using System.Collections.Immutable;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>Holds the registrations of this process, each with its observer. Safe for concurrent use.</summary>
internal sealed class RegistrationTracker(
    IDiscoveryStore store, Backoff backoff, TimeProvider timeProvider, ILogger logger)
{
    private readonly Lock _changing = new();
    private ImmutableDictionary<ServiceRegistration, StoreFollower> _followers =
        ImmutableDictionary<ServiceRegistration, StoreFollower>.Empty;

    private ImmutableArray<ServiceRegistration> _all = [];

    /// <summary>The registrations that are not withdrawn.</summary>
    public ImmutableArray<ServiceRegistration> Present => All.RemoveAll(static registration => registration.IsWithdrawn);

    /// <summary>
    /// All registrations, including withdrawn ones that are still watched because an unanswered write may still be applied.
    /// </summary>
    public ImmutableArray<ServiceRegistration> All
    {
        get
        {
            lock (_changing)
            {
                return _all;
            }
        }
    }

    public void Add(ServiceRegistration registration)
    {
        var observer = new RegistrationObserver(registration, timeProvider, logger);
        var follower = new StoreFollower(store, observer.Ranges, backoff, timeProvider, observer);
        lock (_changing)
        {
            _all = _all.Add(registration);
            _followers = _followers.Add(registration, follower);
        }
    }

    /// <summary>
    /// Starts watching the keys of a registration. Called after the first attempt to write it, because before that there is nothing to see.
    /// </summary>
    public void Observe(ServiceRegistration registration)
    {
        lock (_changing)
        {
            _followers.GetValueOrDefault(registration)?.Start();
        }
    }

    /// <summary>Lets all registrations expire, and completes all waits for their withdrawal.</summary>
    public void Abandon()
    {
        lock (_changing)
        {
            foreach (var (registration, follower) in _followers)
            {
                follower.Stop();
                registration.OnWithdrawn();
            }
        }
    }

    /// <summary>
    /// Removes withdrawn registrations. Called after the session has ended, when the store can no longer apply a write under it.
    /// </summary>
    public async Task RemoveWithdrawnAsync()
    {
        foreach (var registration in All.Where(registration => registration.IsWithdrawn))
        {
            await RemoveAsync(registration).ConfigureAwait(false);
        }
    }

    /// <summary>Removes a registration that is no longer in the store.</summary>
    public async Task RemoveAsync(ServiceRegistration registration)
    {
        // First, so that a registration that is no longer listed is always withdrawn.
        registration.OnWithdrawn();
        StoreFollower? follower;
        lock (_changing)
        {
            _all = _all.Remove(registration);
            _followers.TryGetValue(registration, out follower);
            _followers = _followers.Remove(registration);
        }

        if (follower is not null)
        {
            await follower.DisposeAsync().ConfigureAwait(false);
        }
    }
}
