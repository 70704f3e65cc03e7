using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>Settings of service discovery. Configuration section <c>EtcdDiscovery</c>; validated when the host starts.</summary>
/// <remarks>
/// Read once, but for <see cref="Service"/>, <see cref="RegisterService"/> and etcd's user and password: those follow the configuration
/// while the application runs.
/// </remarks>
public sealed class EtcdDiscoveryOptions
{
    /// <summary>The name of the configuration section: <c>EtcdDiscovery</c>.</summary>
    public const string SectionName = "EtcdDiscovery";

    /// <summary>Whether service discovery is on. When it is off, nothing is registered, read or connected to.</summary>
    /// <remarks>
    /// Then the queries of <see cref="IServiceResolver"/> throw a <see cref="ServiceNotFoundException"/> that says so, and
    /// <see cref="IServiceRegistry.Register"/> an <see cref="EtcdDiscoveryException"/>. Requests of an <c>HttpClient</c> go where their URL
    /// says, and the health check is healthy.
    /// </remarks>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Whether the services of the configuration are registered, those of <c>AddService</c> included. An application that only consumes
    /// services can keep their settings. Services that are registered from code are registered all the same.
    /// </summary>
    /// <value>The default is <see langword="true"/>. Changes are followed while the application runs.</value>
    public bool RegisterService { get; set; } = true;

    /// <summary>Where services are registered.</summary>
    /// <value>The default is <see cref="DiscoveryStoreKind.Etcd"/>.</value>
    public DiscoveryStoreKind Store { get; set; } = DiscoveryStoreKind.Etcd;

    /// <summary>Stands before every key, so that one etcd serves several fleets that do not see each other.</summary>
    /// <value>
    /// The default is none: the keys are those of Go's etcd-discovery. It starts with a <c>/</c> and does not end with one,
    /// as in <c>/fleet-a</c>.
    /// </value>
    public string? KeyPrefix { get; set; }

    /// <summary>How to reach etcd.</summary>
    public EtcdOptions Etcd { get; set; } = new();

    /// <summary>What this host registers; nothing without <see cref="ServiceRegistrationOptions.Name"/>.</summary>
    public ServiceRegistrationOptions Service { get; set; } = new();

    /// <summary>How one of several instances is picked. A registered <see cref="IInstancePicker"/> is used instead of it.</summary>
    /// <value>The default is <see cref="InstanceBalancing.Random"/>.</value>
    public InstanceBalancing Balancing { get; set; }

    /// <summary>The zone whose instances are picked as long as there are any, such as this host's own.</summary>
    /// <value>The default is <see langword="null"/>: no zone is preferred.</value>
    public string? PreferredZone { get; set; }

    /// <summary>
    /// How long this host's entries outlive its last sign of life. Renewed every third of it. Shorter finds dead hosts
    /// sooner and asks more of etcd.
    /// </summary>
    /// <value>The default is 5 seconds, as in Go. From 1 second to 1 hour; etcd grants whole seconds, at least 2 by default.</value>
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long this host goes on serving, marked as draining, before it is withdrawn when it stops. Long enough for
    /// others to notice, it lets requests that are on their way arrive. The host's shutdown timeout has to be longer.
    /// </summary>
    /// <value>The default is 0. Up to 10 minutes.</value>
    public TimeSpan DrainDelay { get; set; }

    /// <summary>About how long to wait after a first failure before trying again; it doubles from there, with jitter.</summary>
    /// <value>The default is 0.2 seconds. From 0.01 seconds to <see cref="MaxRetryDelay"/>.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(0.2);

    /// <summary>The longest wait between two tries, but for the 30 seconds after the store refused something. Shorter brings a fleet back sooner after an outage and asks more of etcd.</summary>
    /// <value>The default is 2 seconds. Up to 5 minutes.</value>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether starting the host fails when the service is not registered within <see cref="RegistrationTimeout"/>.</summary>
    /// <value>The default is <see langword="false"/>: the application starts whatever etcd does, and registers when it can.</value>
    public bool RequireRegistration { get; set; }

    /// <summary>How long <see cref="RequireRegistration"/> waits.</summary>
    /// <value>The default is 5 minutes, as in Go. From 0.1 seconds to 12 hours.</value>
    public TimeSpan RegistrationTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a service that is not used is kept in memory and watched. The next query reads it again.</summary>
    /// <value>The default is 10 minutes. 0 for ever, else from 1 second to 1 day. It may take a quarter longer.</value>
    public TimeSpan CacheIdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// About how often a watched service is read again, to repair whatever its watch may have lost. A quarter more or
    /// less, at random, so that a fleet does not read as one.
    /// </summary>
    /// <value>The default is 10 minutes. 0 for never, else from 1 second to 1 day.</value>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long instances are still served that were there before an outage of the store and not after it, so that a store
    /// that lost its data does not empty every client at once. So are those of four instances or more that vanish when half
    /// of them have vanished within this time: a leader of etcd that was frozen revokes the leases of living hosts when it
    /// goes on. Those who signed off are gone at once.
    /// </summary>
    /// <value>The default is twice <see cref="TimeToLive"/>. 0 for not at all; up to 1 hour.</value>
    public TimeSpan? OutageGrace { get; set; }

    /// <summary>
    /// A folder, best of the application's own, where what is known of services is saved, for a start while the store is
    /// away. The files hold the services' credentials; they are readable for the application's user only.
    /// </summary>
    /// <value>The default is <see langword="null"/>: nothing is saved.</value>
    public string? SnapshotDirectory { get; set; }

    /// <summary>Values of the configuration that the binder could not convert; validation reports them.</summary>
    internal IReadOnlyList<MalformedSetting> Malformed { get; set; } = [];
}
