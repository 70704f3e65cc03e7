using System.Collections.Immutable;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>The registrations of this process, each with its observer. Replaced whole, read by any thread.</summary>
internal sealed class RegistrationTracker(
    IDiscoveryStore store, Backoff backoff, TimeProvider timeProvider, ILogger logger)
{
    private readonly Lock _changing = new();
    private ImmutableDictionary<ServiceRegistration, StoreFollower> _followers =
        ImmutableDictionary<ServiceRegistration, StoreFollower>.Empty;

    private ImmutableArray<ServiceRegistration> _all = [];

    /// <summary>All that are not withdrawn.</summary>
    public ImmutableArray<ServiceRegistration> Present => All.RemoveAll(static registration => registration.IsWithdrawn);

    /// <summary>All, with those that are withdrawn but observed still, as a put of theirs may be done yet.</summary>
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

    /// <summary>Begins to observe a registration, once there was a try to write it: until then there is nothing to see.</summary>
    public void Observe(ServiceRegistration registration)
    {
        lock (_changing)
        {
            _followers.GetValueOrDefault(registration)?.Start();
        }
    }

    /// <summary>Leaves all of them to expire, and ends the waits for them.</summary>
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

    /// <summary>Forgets those that are withdrawn: the session is over, and nothing can be put under it.</summary>
    public async Task RemoveWithdrawnAsync()
    {
        foreach (var registration in All.Where(registration => registration.IsWithdrawn))
        {
            await RemoveAsync(registration).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets a registration that is not in the store any more.</summary>
    public async Task RemoveAsync(ServiceRegistration registration)
    {
        // First, so that a registration that is not listed any more never has another state.
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
