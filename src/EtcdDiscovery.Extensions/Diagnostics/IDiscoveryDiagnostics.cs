namespace EtcdDiscovery.Diagnostics;

/// <summary>Shows the state of service discovery in this process, for diagnostic pages and tools.</summary>
/// <remarks>
/// A singleton, safe for concurrent use. Members that later versions add will have default implementations. All calls are answered from
/// memory, except the first call of <see cref="ExplainAsync"/> for a service. No result contains credentials, except in
/// <see cref="ServiceInstance.Credentials"/>, which is excluded from JSON.
/// </remarks>
public interface IDiscoveryDiagnostics
{
    /// <summary>The lease that all registrations of this process share; <see langword="null"/> while there is none.</summary>
    LeaseInfo? Lease { get; }

    /// <summary>Gets the latest snapshots of all services that this process watches and that exist, in the order of their names.</summary>
    /// <returns>A copy.</returns>
    IReadOnlyList<ServiceSnapshot> GetSnapshots();

    /// <summary>Gets the instances that this process does not pick at the moment because calls to them failed.</summary>
    /// <returns>A copy.</returns>
    IReadOnlyList<InstanceEjection> GetEjections();

    /// <summary>Gets the most recent events, at most 1,000, in the order in which they happened.</summary>
    /// <returns>A copy.</returns>
    IReadOnlyList<DiscoveryEvent> GetTimeline();

    /// <summary>Explains which instances a query selects from, and why the others are left out.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="query">The query; by default any instance.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The explanation. For an unknown service, it contains no instances.</returns>
    /// <exception cref="ArgumentException">The name is not a valid service name.</exception>
    /// <exception cref="EtcdDiscoveryException">The service has to be read from the store, and the read failed.</exception>
    ValueTask<ServiceExplanation> ExplainAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default);
}
