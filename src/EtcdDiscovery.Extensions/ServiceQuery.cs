namespace EtcdDiscovery;

/// <summary>What to look for among a service's instances. The default value looks for any.</summary>
public readonly record struct ServiceQuery
{
    // The ticks plus one; 0 for none. A nullable time would make every query 8 bytes longer.
    private readonly long _maxStaleness;

    /// <summary>The shard that instances must serve.</summary>
    /// <value>The default is <see langword="null"/>: any. An empty text is the same.</value>
    public string? Shard { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Which address <see cref="IServiceResolver.GetUriAsync"/> answers with.</summary>
    /// <value>The default is <see cref="ServiceNetwork.Public"/>.</value>
    public ServiceNetwork Network { get; init; }

    /// <summary>
    /// How old, at most, the knowledge may be that the answer comes from. When it is older, as during an outage, the
    /// store is read, and the question fails if it cannot be. Etcd confirms what is known at least every 10 seconds:
    /// with less, a service is read now and then, at most once in that time.
    /// </summary>
    /// <value>The default is <see langword="null"/>: any age will do. Not below 0.</value>
    public TimeSpan? MaxStaleness
    {
        get => _maxStaleness == 0 ? null : TimeSpan.FromTicks(_maxStaleness - 1);
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value.GetValueOrDefault(), TimeSpan.Zero);
            _maxStaleness = value is { } age ? Math.Min(age.Ticks, long.MaxValue - 1) + 1 : 0;
        }
    }

    /// <summary>
    /// Whether to read the store for this question, at the price of a round trip and the load, instead of answering from
    /// memory: the answer contains everything that was written before the question. Questions at the same time share a read.
    /// </summary>
    /// <value>The default is <see langword="false"/>: a watch keeps the memory current, some milliseconds behind the store.</value>
    public bool Linearizable { get; init; }

    /// <summary>Whether any age of the knowledge will do.</summary>
    internal bool AcceptsAnyAge => _maxStaleness == 0 && !Linearizable;
}
