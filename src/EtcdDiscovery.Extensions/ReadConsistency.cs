namespace EtcdDiscovery;

/// <summary>How current an answer must be. The default value accepts an answer of any age from memory.</summary>
/// <remarks>
/// A watch keeps the cached state within milliseconds of the store. Require a more current answer only where it matters: each read costs a
/// round trip, and during an outage such a query fails, while the default still returns an answer.
/// </remarks>
public readonly record struct ReadConsistency
{
    private ReadConsistency(TimeSpan? maxAge, bool isLinearizable) => (MaxAge, IsLinearizable) = (maxAge, isLinearizable);

    /// <summary>Reads the store for this query, so that the answer reflects all earlier writes. Concurrent queries share reads.</summary>
    public static ReadConsistency Linearizable => new(null, isLinearizable: true);

    /// <summary>The maximum age of the answer; <see langword="null"/> if it may have any age.</summary>
    public TimeSpan? MaxAge { get; }

    /// <summary>Whether the store is read for the query.</summary>
    public bool IsLinearizable { get; }

    /// <summary>
    /// Limits the age of the answer. If the cached answer is older, the query reads the store, and fails if the read fails.
    /// </summary>
    /// <param name="age">
    /// The limit; not below 0. Etcd confirms the cached state at least every 10 seconds (its v2 API only when something changes). With a
    /// limit below that, queries sometimes read the store, at most once within the limit.
    /// </param>
    /// <returns>The consistency.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="age"/> is negative.</exception>
    public static ReadConsistency MaxStaleness(TimeSpan age)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(age, TimeSpan.Zero);
        return new(age, isLinearizable: false);
    }
}
