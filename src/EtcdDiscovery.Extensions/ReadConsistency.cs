namespace EtcdDiscovery;

/// <summary>How current an answer must be. The default value accepts whatever is in memory.</summary>
/// <remarks>
/// A watch keeps the memory current, some milliseconds behind the store. Ask for more only where that matters: each read costs a
/// round trip, and during an outage such a query fails where the default one is answered.
/// </remarks>
public readonly record struct ReadConsistency
{
    private ReadConsistency(TimeSpan? maxAge, bool isLinearizable) => (MaxAge, IsLinearizable) = (maxAge, isLinearizable);

    /// <summary>
    /// The store is read for this query, so that the answer contains everything that was written before it. Concurrent
    /// queries share reads.
    /// </summary>
    public static ReadConsistency Linearizable => new(null, isLinearizable: true);

    /// <summary>The oldest that the answer may be; <see langword="null"/> when any age will do.</summary>
    public TimeSpan? MaxAge { get; }

    /// <summary>Whether the store is read for the query.</summary>
    public bool IsLinearizable { get; }

    /// <summary>
    /// Limits the age of the answer. If what is in memory is older, the store is read, and the query fails if it cannot be.
    /// </summary>
    /// <param name="age">
    /// The limit; not below 0. Etcd confirms what is in memory at least every 10 seconds (its v2 API only when something changes). With a
    /// lower limit the service is read from time to time, at most once within the limit.
    /// </param>
    /// <returns>The consistency.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="age"/> is negative.</exception>
    public static ReadConsistency MaxStaleness(TimeSpan age)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(age, TimeSpan.Zero);
        return new(age, isLinearizable: false);
    }
}
