using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery;

/// <summary>Finds the instances of services.</summary>
/// <remarks>
/// <para>
/// The first question about a service reads it from the store and goes on watching it; later ones are answered from memory, unless
/// a query asks for younger knowledge. While the store is out of reach the last known answer is given.
/// </para>
/// <para>
/// A singleton, safe for concurrent use. Every method that takes a name throws <see cref="ArgumentException"/> for one
/// that no service can have. Queries throw an <see cref="EtcdDiscoveryException"/> when the store has to be read and cannot be: a transient
/// one unless the store refuses. Cancelling one call never affects another.
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

    /// <summary>Gets one instance (Go: <c>One</c>), by default a random one. Allocates nothing.</summary>
    /// <inheritdoc cref="GetInstancesAsync"/>
    /// <remarks>
    /// <see cref="ServiceQuery.Picker"/>, or <see cref="EtcdDiscoveryOptions.Balancing"/>, says how it is picked. Ejected
    /// instances are left out: see <see cref="StartCall"/>.
    /// </remarks>
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
    /// A public service asked for without a shard and by its public address answers with its own URL, whether or not it has instances;
    /// otherwise the answer is the URL of one instance, picked as <see cref="GetInstanceAsync"/> does.
    /// </remarks>
    /// <param name="service">The service's name.</param>
    /// <param name="scheme">The scheme, such as <c>http</c>. Empty picks one on an instance, and is an error on a public service.</param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; what needs it is percent-encoded (RFC 3986).</param>
    /// <param name="query">What to look for; by default any, with its public address.</param>
    /// <param name="includeCredentials">
    /// Whether user and password are part of the URL, as in Go. URLs end up in logs, traces and error messages, so by default they are not:
    /// take them from <see cref="ServiceInstance.Credentials"/> or <see cref="ServiceInfo.Credentials"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The URL.</returns>
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
        bool includeCredentials = false,
        CancellationToken cancellationToken = default);

    /// <summary>Gets everything known of a service, and how current it is.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The snapshot; without instances when there are none.</returns>
    ValueTask<ServiceSnapshot> GetSnapshotAsync(string service, CancellationToken cancellationToken = default);

    /// <summary>Follows a service: its present instances first, then every change (Go: <c>SubscribeNew</c> and <c>SubscribeDown</c>).</summary>
    /// <remarks>
    /// <para>
    /// An instance that is draining or in maintenance counts as down, with the reason in <see cref="ServiceChange.DownReason"/>. Outages of
    /// the store are invisible here: what changed meanwhile is found by comparing.
    /// </para>
    /// <para>
    /// A reader that keeps up gets every change that is published; changes of one instance that reach this process together are one, and
    /// services of 2,000 instances and more are published at most every few milliseconds.
    /// </para>
    /// <para>
    /// A reader that does not keep up does not slow the others. Changes that wait for it are merged into one update, and beyond 1,024 of
    /// them only their result is kept. Then an instance that came and went meanwhile goes unreported, and a
    /// <see cref="ServiceChangeKind.Down"/> may lack its reason.
    /// </para>
    /// </remarks>
    /// <param name="service">The service's name.</param>
    /// <param name="cancellationToken">Ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The updates, the first as soon as the service was read; the enumeration never ends but with an exception.</returns>
    /// <exception cref="EtcdDiscoveryException">
    /// The store refused the first read, as it does without permission. Failures that pass are waited for.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The application has stopped.</exception>
    IAsyncEnumerable<ServiceUpdate> WatchAsync(string service, CancellationToken cancellationToken = default);

    /// <summary>
    /// Gets a token that tells, once, when something about a service may have changed: for caches of what is made of its instances, for
    /// instance with <see cref="ChangeToken"/>.
    /// </summary>
    /// <remarks>
    /// Get the token before the answer that is cached, so that a change in between is not missed. The token also fires when
    /// the service is dropped from memory (<see cref="EtcdDiscoveryOptions.CacheIdleTimeout"/>) and when it is read again
    /// (<see cref="EtcdDiscoveryOptions.RefreshInterval"/>).
    /// Callbacks run on the thread pool.
    /// </remarks>
    /// <param name="service">The service's name.</param>
    /// <returns>The token.</returns>
    IChangeToken GetChangeToken(string service);

    /// <summary>Starts a call to an instance, so that picks can avoid instances that fail and prefer those that are less busy.</summary>
    /// <remarks>
    /// <para>
    /// The call is outstanding until it is completed or disposed. <see cref="InstancePickers.PowerOfTwoChoices"/> compares the
    /// numbers of outstanding calls, as any picker can with <see cref="InstanceSet.GetOutstanding"/>. Every started call counts,
    /// however its instance was picked; a pick alone does not count. The handler for <see cref="HttpClient"/> starts a
    /// call for each attempt, so do not start another one for the same request.
    /// </para>
    /// <para>
    /// An instance that fails is ejected: it is not picked for 1 to 2 seconds, and each time that it fails again
    /// without a success in between for about twice as long, up to a minute. The first failure ejects; three in a row do
    /// when a call has succeeded before. A success ends it. At most half of the instances that a query could pick from are left out, those
    /// first that failed first, and never the last one.
    /// </para>
    /// <para>All of this is known to this process only. Never waits.</para>
    /// </remarks>
    /// <param name="instance">The instance, as it was picked.</param>
    /// <returns>
    /// The call, to be completed or disposed. For an instance that is gone or unknown, <see cref="ServiceCall.None"/>, which
    /// counts nothing.
    /// </returns>
    /// <exception cref="ArgumentNullException">The instance is <see langword="null"/>.</exception>
    ServiceCall StartCall(ServiceInstance instance);
}
