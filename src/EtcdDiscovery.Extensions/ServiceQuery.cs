namespace EtcdDiscovery;

/// <summary>Which of a service's instances to select. The default value selects any that takes requests.</summary>
/// <remarks>
/// Using a query allocates only if <see cref="Excluding"/> or <see cref="Scheme"/> is set. Creating a query allocates if properties other
/// than <see cref="Shard"/> and <see cref="Network"/> are set, so reuse such queries on hot paths.
/// </remarks>
public readonly struct ServiceQuery
{
    /// <summary>The shard that instances must serve.</summary>
    /// <value>The default is <see langword="null"/>: any. An empty string is the same.</value>
    public string? Shard { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Whether <c>GetUriAsync</c> returns the public or the private address.</summary>
    /// <value>The default is <see cref="ServiceNetwork.Public"/>.</value>
    public ServiceNetwork Network
    {
        get => Details?.Network ?? ServiceNetwork.Public;
        init => Details = Details is null && value == ServiceNetwork.Private
            ? Detail.Private
            : (Details ?? Detail.None) with { Network = value };
    }

    /// <summary>Picks one of the selected instances.</summary>
    /// <value>The default is <see langword="null"/>: the picker of <see cref="EtcdDiscoveryOptions.Balancing"/>.</value>
    public IInstancePicker? Picker
    {
        get => Details?.Picker;
        init => Details = (Details ?? Detail.None) with { Picker = value };
    }

    /// <summary>The shard to prefer. Instances on other shards are picked only if this shard has none.</summary>
    /// <value>The default is <see langword="null"/>: none. An empty string is the same.</value>
    public string? PreferredShard
    {
        get => Details?.PreferredShard;
        init => Details = (Details ?? Detail.None) with { PreferredShard = string.IsNullOrEmpty(value) ? null : value };
    }

    /// <summary>The zone to prefer. Instances in other zones are picked only if this zone has none.</summary>
    /// <value>
    /// The default is <see langword="null"/>: <see cref="EtcdDiscoveryOptions.PreferredZone"/>. With an empty string, no zone is preferred.
    /// </value>
    public string? PreferredZone
    {
        get => Details?.PreferredZone;
        init => Details = (Details ?? Detail.None) with { PreferredZone = value };
    }

    /// <summary>The ids of instances that must not be selected, such as those that a call has already tried.</summary>
    /// <value>The default is <see langword="null"/>: none. An empty collection is the same.</value>
    public IReadOnlyCollection<string>? Excluding
    {
        get => Details?.Excluding;
        init => Details = (Details ?? Detail.None) with { Excluding = value is { Count: > 0 } ? value : null };
    }

    /// <summary>The scheme, such as <c>http</c>. Only instances that have a port for it in <see cref="Network"/> are selected.</summary>
    /// <value>The default is <see langword="null"/>: ports do not matter. An empty string is the same.</value>
    public string? Scheme
    {
        get => Details?.Scheme;
        init => Details = (Details ?? Detail.None) with { Scheme = string.IsNullOrEmpty(value) ? null : value };
    }

    /// <summary>Whether the query neither limits nor prefers any instances.</summary>
    internal bool SelectsAny =>
        Shard is null && (Details is null || Details is { PreferredShard: null, PreferredZone: null, Excluding: null, Scheme: null });

    /// <summary>
    /// All properties except the shard; null if none of them is set. With a single reference for all of them, a query fits into two
    /// registers.
    /// </summary>
    internal Detail? Details
    {
        get;
        private init => field = value == Detail.None ? null : value;
    }

    /// <summary>Whether the query may exclude instances of the shard.</summary>
    internal bool Filters => Details is { Excluding: not null } or { Scheme: not null };

    /// <summary>Whether an instance has a port for <see cref="Scheme"/>.</summary>
    internal bool HasPort(ServiceInstance instance) => Scheme is not { } scheme || instance.AddressIn(Network).Ports.ContainsKey(scheme);

    /// <summary>Whether the query excludes an instance by its id or for lack of a port.</summary>
    internal bool LeavesOut(ServiceInstance instance) => Excluding?.Contains(instance.Id) == true || !HasPort(instance);

    /// <summary>Creates the exception that says why the query selects none of a service's instances.</summary>
    internal EtcdDiscoveryException NoneOf(string service, IReadOnlyCollection<ServiceInstance> instances)
    {
        var shard = Shard;
        var serving = instances.Where(instance => instance.Status == ServiceStatus.Serving).ToList();
        var onShard = shard is null ? serving : serving.FindAll(instance => instance.Shard == shard);
        var withPort = onShard.FindAll(HasPort);
        return serving.Count == 0 ? NoInstanceFoundException.NoneServing(service, instances)
            : onShard.Count == 0 ? new NoInstanceOnShardException(service, shard!)
            : withPort.Count == 0 ? UnknownSchemeException.Of(service, Scheme!, onShard.SelectMany(PortsOf))
            : NoInstanceFoundException.AllExcluded(service);
    }

    private IEnumerable<string> PortsOf(ServiceInstance instance) => instance.AddressIn(Network).Ports.Keys;

    internal sealed record Detail(
        ServiceNetwork Network,
        IInstancePicker? Picker = null,
        string? PreferredShard = null,
        string? PreferredZone = null,
        IReadOnlyCollection<string>? Excluding = null,
        string? Scheme = null)
    {
        public static Detail None { get; } = new(ServiceNetwork.Public);

        /// <summary>Shared, because most queries with details have exactly this one.</summary>
        public static Detail Private { get; } = None with { Network = ServiceNetwork.Private };
    }
}
