namespace EtcdDiscovery;

/// <summary>Finds the instances of services. <see cref="ServiceResolverExtensions"/> adds convenience methods.</summary>
/// <remarks>
/// <para>
/// The first query for a service reads the service from the store and starts a watch. Later queries are answered from memory, unless their
/// <see cref="ReadConsistency"/> requires a newer answer. While the store cannot be reached, the last known answer is returned.
/// </para>
/// <para>
/// A singleton, safe for concurrent use. Methods that take a service name throw <see cref="ArgumentException"/> if the name is not a valid
/// service name, and an <see cref="EtcdDiscoveryException"/> if the store has to be read but cannot be. That exception is transient unless
/// the store refuses the request. Canceling one query never affects another.
/// </para>
/// <para>
/// Applications may implement it, for tests or to decorate the resolver: the extension methods need only these four members, and members
/// that later versions add will have default implementations.
/// </para>
/// </remarks>
public interface IServiceResolver
{
    /// <summary>Gets everything known about a service, and how current that is.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="consistency">How current the answer must be; by default, the answer comes from memory.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>
    /// The snapshot. An unknown service is not an error: its <see cref="ServiceSnapshot.Exists"/> is <see langword="false"/>.
    /// </returns>
    ValueTask<ServiceSnapshot> GetSnapshotAsync(
        string service, ReadConsistency consistency = default, CancellationToken cancellationToken = default);

    /// <summary>Picks one instance that takes requests (Go: <c>One</c>), by default a random one.</summary>
    /// <remarks>
    /// <see cref="ServiceQuery.Picker"/> selects the instance, or the picker of <see cref="EtcdDiscoveryOptions.Balancing"/> if that is not
    /// set. Ejected instances are skipped: see <see cref="StartCall"/>. Once the service is known, a call allocates nothing.
    /// </remarks>
    /// <param name="service">The service's name.</param>
    /// <param name="query">Which instances to select; by default any.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>An instance.</returns>
    /// <exception cref="ServiceNotFoundException">The service is unknown.</exception>
    /// <exception cref="NoInstanceFoundException">No instance takes requests, or the query excludes all that do.</exception>
    /// <exception cref="NoInstanceOnShardException">No instance serves the shard.</exception>
    /// <exception cref="UnknownSchemeException">No instance has a port for <see cref="ServiceQuery.Scheme"/>.</exception>
    ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default);

    /// <summary>
    /// Follows a service: its current instances first, then every change (Go: <c>SubscribeNew</c> and <c>SubscribeDown</c>).
    /// </summary>
    /// <remarks>
    /// <para>
    /// An instance that is draining or in maintenance counts as down; <see cref="ServiceChange.DownReason"/> has the reason. Outages of the
    /// store do not end the enumeration: when an outage is over, the changes that happened during it are found by comparison.
    /// </para>
    /// <para>
    /// A reader that keeps up gets every published change. Several changes of one instance that reach this process together count as one.
    /// Services with 2,000 instances or more are published at most every few milliseconds.
    /// </para>
    /// <para>
    /// A slow reader does not delay other readers. Changes that wait for it are merged into one update. If more than 1,024 changes wait,
    /// only their result is kept: an instance that came and went in the meantime goes unreported, and a
    /// <see cref="ServiceChangeKind.Down"/> may lack its reason.
    /// </para>
    /// </remarks>
    /// <param name="service">The service's name.</param>
    /// <param name="cancellationToken">Ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The updates, the first one as soon as the service has been read; the enumeration ends only with an exception.</returns>
    /// <exception cref="EtcdDiscoveryException">
    /// The store refused the first read, for example because a permission is missing. After transient failures, the read is retried.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The application has stopped.</exception>
    IAsyncEnumerable<ServiceUpdate> WatchAsync(string service, CancellationToken cancellationToken = default);

    /// <summary>
    /// Starts tracking a call to an instance, so that picks can avoid instances that fail and prefer those that are less busy.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The call is outstanding until it is completed or disposed. <see cref="InstancePickers.PowerOfTwoChoices"/> compares the numbers of
    /// outstanding calls, as any picker can with <see cref="InstanceSet.GetOutstanding"/>. Every started call counts, no matter how its
    /// instance was picked; a pick alone does not count. The handler for <see cref="HttpClient"/> starts a call for each attempt, so do not
    /// start another one for the same request.
    /// </para>
    /// <para>
    /// An instance that fails is ejected: it is not picked for 1 to 2 seconds. Each further ejection without a success in between lasts
    /// about twice as long, up to a minute. One failure is enough if no call to the instance has succeeded yet, or none since its last
    /// ejection; otherwise, three failures in a row eject it. A success ends the ejection. At most half of the instances that a query could
    /// pick from are left out, in the order in which they were ejected, and never the last one.
    /// </para>
    /// <para>Ejections and outstanding calls are local to this process. The method never blocks.</para>
    /// </remarks>
    /// <param name="instance">The picked instance.</param>
    /// <returns>
    /// The call, which the caller completes or disposes. If the instance is gone or unknown, this is <see cref="ServiceCall.None"/>, which
    /// is not counted.
    /// </returns>
    /// <exception cref="ArgumentNullException">The instance is <see langword="null"/>.</exception>
    ServiceCall StartCall(ServiceInstance instance);
}
