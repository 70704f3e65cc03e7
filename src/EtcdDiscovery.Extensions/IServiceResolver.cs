namespace EtcdDiscovery;

/// <summary>Finds the instances of services.</summary>
/// <remarks>
/// <para>
/// The first question about a service reads it from the store and goes on watching it; every later one is answered from
/// memory. While the store is out of reach the last known answer is given.
/// </para>
/// <para>
/// A singleton, safe for concurrent use. Every method throws <see cref="ArgumentException"/> for a name that no service
/// can have, and a transient <see cref="EtcdDiscoveryException"/> when the store cannot be read and nothing is known of
/// the service yet. Cancelling one call never affects another.
/// </para>
/// </remarks>
public interface IServiceResolver
{
    /// <summary>Gets what is known of a service as a whole.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The service. Unknown services are no error, as in Go: they have a name only.</returns>
    ValueTask<ServiceInfo> GetServiceAsync(string service, CancellationToken cancellationToken = default);

    /// <summary>Gets all instances that take requests (Go: <c>All</c>); <see cref="GetSnapshotAsync"/> has the others too.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="query">What to look for; by default any.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The instances in the order of their keys; never empty.</returns>
    /// <exception cref="ServiceNotFoundException">Nothing is known of the service.</exception>
    /// <exception cref="NoInstanceFoundException">The service has no instance that takes requests.</exception>
    /// <exception cref="NoInstanceOnShardException">No instance serves the shard.</exception>
    ValueTask<IReadOnlyList<ServiceInstance>> GetInstancesAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default);

    /// <summary>Gets one instance, each with the same probability (Go: <c>One</c>). Allocates nothing.</summary>
    /// <inheritdoc cref="GetInstancesAsync"/>
    /// <returns>An instance.</returns>
    ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default);

    /// <summary>Gets the instance with the smallest key, the same one for every caller (Go: <c>First</c>).</summary>
    /// <inheritdoc cref="GetInstancesAsync"/>
    /// <returns>The instance.</returns>
    ValueTask<ServiceInstance> GetFirstInstanceAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default);

    /// <summary>Builds a URL of the service (Go: <c>URL</c>).</summary>
    /// <remarks>
    /// A public service asked for without a shard answers with its own URL, whether or not it has instances; otherwise
    /// the answer is the URL of one instance.
    /// </remarks>
    /// <param name="service">The service's name.</param>
    /// <param name="scheme">The scheme, such as <c>http</c>. Empty picks one on an instance, and is an error on a public service.</param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; what needs it is percent-encoded (RFC 3986).</param>
    /// <param name="query">What to look for; by default any, with its public address.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The URL, with the service's credentials in it when there are any.</returns>
    /// <exception cref="UnknownSchemeException">There is no port for the scheme.</exception>
    /// <exception cref="ServiceNotFoundException">Nothing is known of the service.</exception>
    /// <exception cref="NoInstanceFoundException">The service has no instance.</exception>
    /// <exception cref="NoInstanceOnShardException">No instance serves the shard.</exception>
    /// <exception cref="EtcdDiscoveryException">A host name or port in the store would change the meaning of the URL.</exception>
    ValueTask<Uri> GetUriAsync(
        string service,
        string scheme = "",
        string path = "",
        ServiceQuery query = default,
        CancellationToken cancellationToken = default);

    /// <summary>Gets everything known of a service, and how current it is.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The snapshot; without instances when there are none.</returns>
    ValueTask<ServiceSnapshot> GetSnapshotAsync(string service, CancellationToken cancellationToken = default);

    /// <summary>Follows a service: first the present instances as up, then every change (Go: <c>SubscribeNew</c> and <c>SubscribeDown</c>).</summary>
    /// <remarks>
    /// An instance that is draining or in maintenance counts as down, with the reason in
    /// <see cref="ServiceChange.DownReason"/>. Outages of the store are invisible here: what changed meanwhile is found by comparing. A reader that is slower
    /// than the changes sees each instance's latest state, not every step to it, and slows nobody else.
    /// </remarks>
    /// <param name="service">The service's name.</param>
    /// <param name="query">Which instances to report; by default all.</param>
    /// <param name="cancellationToken">Ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The changes; the enumeration never ends by itself.</returns>
    IAsyncEnumerable<ServiceChange> WatchAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default);
}
