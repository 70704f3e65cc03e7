namespace EtcdDiscovery;

/// <summary>What to look for among a service's instances. The default value looks for any.</summary>
public readonly record struct ServiceQuery
{
    /// <summary>The shard that instances must serve.</summary>
    /// <value>The default is <see langword="null"/>: any. An empty text is the same.</value>
    public string? Shard { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Which address <see cref="IServiceResolver.GetUriAsync"/> answers with.</summary>
    /// <value>The default is <see cref="ServiceNetwork.Public"/>.</value>
    public ServiceNetwork Network { get; init; }
}
