using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>Settings of service discovery. Configuration section <c>EtcdDiscovery</c>; validated when the host starts.</summary>
/// <remarks>
/// Settings are read once. The exceptions are <see cref="Service"/>, <see cref="RegisterService"/>, and etcd's user and password, whose
/// changes apply while the application runs.
/// </remarks>
public sealed class EtcdDiscoveryOptions
{
    /// <summary>The name of the configuration section: <c>EtcdDiscovery</c>.</summary>
    public const string SectionName = "EtcdDiscovery";

    /// <summary>Whether service discovery is enabled. If not, nothing is registered or read, and no connection is opened.</summary>
    /// <remarks>
    /// If service discovery is disabled, queries of <see cref="IServiceResolver"/> throw a <see cref="ServiceNotFoundException"/> that says
    /// so, and <see cref="IServiceRegistry.Register"/> throws an <see cref="EtcdDiscoveryException"/>. An <c>HttpClient</c> sends requests
    /// to the host in the URL, and the health check is healthy.
    /// </remarks>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Whether configured services are registered, including those of <c>AddService</c>. An application that only calls other services can
    /// keep the settings of its own services and set this to <see langword="false"/>. Services that are registered through
    /// <see cref="IServiceRegistry"/> are not affected.
    /// </summary>
    /// <value>The default is <see langword="true"/>. Changes apply while the application runs.</value>
    public bool RegisterService { get; set; } = true;

    /// <summary>The store that services are registered in.</summary>
    /// <value>The default is <see cref="DiscoveryStoreKind.Etcd"/>.</value>
    public DiscoveryStoreKind Store { get; set; } = DiscoveryStoreKind.Etcd;

    /// <summary>A prefix for every key, so that several isolated fleets can share one etcd.</summary>
    /// <value>
    /// The default is none: the keys are the same as those of Go's etcd-discovery. A prefix starts with a <c>/</c> and does not end with
    /// one, as in <c>/fleet-a</c>.
    /// </value>
    public string? KeyPrefix { get; set; }

    /// <summary>How to connect to etcd.</summary>
    public EtcdOptions Etcd { get; set; } = new();

    /// <summary>
    /// The service that this process registers. Nothing is registered without <see cref="ServiceRegistrationOptions.Name"/>.
    /// </summary>
    public ServiceRegistrationOptions Service { get; set; } = new();

    /// <summary>
    /// How one of several instances is picked. An <see cref="IInstancePicker"/> among the application's services overrides it.
    /// </summary>
    /// <value>The default is <see cref="InstanceBalancing.Random"/>.</value>
    public InstanceBalancing Balancing { get; set; }

    /// <summary>
    /// The zone whose instances are preferred, usually the zone of this process. Instances in other zones are picked only if this zone has
    /// none.
    /// </summary>
    /// <value>The default is <see langword="null"/>: no zone is preferred.</value>
    public string? PreferredZone { get; set; }

    /// <summary>
    /// How long the entries of this process remain in the store after the last renewal. They are renewed each time a third of this time has
    /// passed. With a shorter time, dead instances are detected sooner, and the load on etcd is higher.
    /// </summary>
    /// <value>The default is 5 seconds, as in Go. From 1 second to 1 hour; etcd grants whole seconds, at least 2 by default.</value>
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long this process keeps handling requests on shutdown, marked as draining, before it is withdrawn. Choose a delay that gives
    /// callers time to notice, so that requests in flight still arrive. The host's shutdown timeout has to be longer.
    /// </summary>
    /// <value>The default is 0. Up to 10 minutes.</value>
    public TimeSpan DrainDelay { get; set; }

    /// <summary>The approximate wait before the first retry. It doubles with each further retry, with jitter.</summary>
    /// <value>The default is 0.2 seconds. From 0.01 seconds to <see cref="MaxRetryDelay"/>.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(0.2);

    /// <summary>
    /// The longest wait between two attempts, except that a request that the store refused is retried after 30 seconds. With a shorter
    /// time, a fleet recovers sooner from an outage, and the load on etcd is higher.
    /// </summary>
    /// <value>The default is 2 seconds. Up to 5 minutes.</value>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether starting the host fails when the service is not registered within <see cref="RegistrationTimeout"/>.</summary>
    /// <value>The default is <see langword="false"/>: the application starts regardless of etcd, and registers when it can.</value>
    public bool RequireRegistration { get; set; }

    /// <summary>How long <see cref="RequireRegistration"/> waits.</summary>
    /// <value>The default is 5 minutes, as in Go. From 0.1 seconds to 12 hours.</value>
    public TimeSpan RegistrationTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long an unused service is kept in memory and watched. After that, the next query reads it from the store again.
    /// </summary>
    /// <value>
    /// The default is 10 minutes. 0 keeps services until the application stops; otherwise from 1 second to 1 day. Removal may take up to a
    /// quarter longer than this time.
    /// </value>
    public TimeSpan CacheIdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The interval at which a watched service is read again, to recover changes that its watch may have missed. It varies at random by up
    /// to a quarter, so that the instances of a fleet do not all read at the same time.
    /// </summary>
    /// <value>The default is 10 minutes. 0 disables it; otherwise from 1 second to 1 day.</value>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long to keep instances that vanish during an outage of the store, or within this time after an outage or a broken watch. Without
    /// this grace, a store that lost its data would leave every client without instances at once. In a service of four or more instances,
    /// the same applies once half of them have vanished within this time: those that vanish next are kept, because a leader of etcd that
    /// resumes after a freeze revokes the leases of healthy instances. Instances that unregistered are removed at once.
    /// </summary>
    /// <value>The default is twice <see cref="TimeToLive"/>. 0 disables it; up to 1 hour.</value>
    public TimeSpan? OutageGrace { get; set; }

    /// <summary>
    /// Directory for persisted snapshots, which are used if the application starts while the store is unreachable. Use a directory that
    /// only this application can access. The files contain the services' credentials; only the application's user can read them.
    /// </summary>
    /// <value>The default is <see langword="null"/>: nothing is saved.</value>
    public string? SnapshotDirectory { get; set; }

    /// <summary>Configuration values that the binder could not convert; validation reports them.</summary>
    internal IReadOnlyList<MalformedSetting> Malformed { get; set; } = [];
}
