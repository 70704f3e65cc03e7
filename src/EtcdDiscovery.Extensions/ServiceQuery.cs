namespace EtcdDiscovery;

/// <summary>What to look for among a service's instances. The default value looks for any.</summary>
/// <remarks>A query that says more than a shard and a network is worth keeping: making it costs some memory, using it none.</remarks>
public readonly record struct ServiceQuery
{
    /// <summary>The shard that instances must serve.</summary>
    /// <value>The default is <see langword="null"/>: any. An empty text is the same.</value>
    public string? Shard { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Which address <see cref="IServiceResolver.GetUriAsync"/> answers with.</summary>
    /// <value>The default is <see cref="ServiceNetwork.Public"/>.</value>
    public ServiceNetwork Network
    {
        get => Details?.Network ?? ServiceNetwork.Public;
        init => Details = Details is null && value == ServiceNetwork.Private
            ? Detail.Private
            : (Details ?? Detail.None) with { Network = value };
    }

    /// <summary>How one of the instances is picked.</summary>
    /// <value>The default is <see langword="null"/>: as <see cref="EtcdDiscoveryOptions.Balancing"/> says.</value>
    public IInstancePicker? Picker
    {
        get => Details?.Picker;
        init => Details = (Details ?? Detail.None) with { Picker = value };
    }

    /// <summary>The shard whose instances are picked as long as there are any; otherwise any instance is.</summary>
    /// <value>The default is <see langword="null"/>: none. An empty text is the same.</value>
    public string? PreferredShard
    {
        get => Details?.PreferredShard;
        init => Details = (Details ?? Detail.None) with { PreferredShard = string.IsNullOrEmpty(value) ? null : value };
    }

    /// <summary>The zone whose instances are picked as long as there are any; otherwise any instance is.</summary>
    /// <value>
    /// The default is <see langword="null"/>: that of <see cref="EtcdDiscoveryOptions.PreferredZone"/>. An empty text is none.
    /// </value>
    public string? PreferredZone
    {
        get => Details?.PreferredZone;
        init => Details = (Details ?? Detail.None) with { PreferredZone = value };
    }

    /// <summary>
    /// How old, at most, the knowledge may be that the answer comes from. When it is older, as during an outage, the
    /// store is read, and the question fails if it cannot be. Etcd confirms what is known at least every 10 seconds (its
    /// v2 API only when something changes): with less, a service is read now and then, at most once in that time.
    /// </summary>
    /// <value>The default is <see langword="null"/>: any age will do. Not below 0.</value>
    public TimeSpan? MaxStaleness
    {
        get => Details?.MaxStaleness;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value.GetValueOrDefault(), TimeSpan.Zero);
            Details = (Details ?? Detail.None) with { MaxStaleness = value };
        }
    }

    /// <summary>
    /// Whether to read the store for this question, at the price of a round trip and the load, instead of answering from
    /// memory: the answer contains everything that was written before the question. Questions at the same time share a read.
    /// </summary>
    /// <value>The default is <see langword="false"/>: a watch keeps the memory current, some milliseconds behind the store.</value>
    public bool Linearizable
    {
        get => Details?.Linearizable ?? false;
        init => Details = (Details ?? Detail.None) with { Linearizable = value };
    }

    /// <summary>Whether any instance will do as well as another, and any age of the knowledge.</summary>
    internal bool LooksForAny => Shard is null
        && (Details is null || Details is { PreferredShard: null, PreferredZone: null, MaxStaleness: null, Linearizable: false });

    /// <summary>Whether any age of the knowledge will do.</summary>
    internal bool AcceptsAnyAge => Details is null or { MaxStaleness: null, Linearizable: false };

    /// <summary>All but the shard; null when nothing else is said, so that two registers can hold a query.</summary>
    internal Detail? Details
    {
        get;
        private init => field = value == Detail.None ? null : value;
    }

    internal sealed record Detail(
        ServiceNetwork Network,
        IInstancePicker? Picker = null,
        string? PreferredShard = null,
        string? PreferredZone = null,
        TimeSpan? MaxStaleness = null,
        bool Linearizable = false)
    {
        public static Detail None { get; } = new(ServiceNetwork.Public);

        /// <summary>The most frequent one, made once.</summary>
        public static Detail Private { get; } = None with { Network = ServiceNetwork.Private };
    }
}
