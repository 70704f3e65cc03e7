namespace EtcdDiscovery.Stores;

/// <summary>A part of the key space: one key, or every key with a prefix.</summary>
public readonly record struct StoreRange
{
    private StoreRange(string key, bool isPrefix)
    {
        Key = key;
        IsPrefix = isPrefix;
    }

    /// <summary>The key or the prefix.</summary>
    public string Key { get; }

    /// <summary>Whether the range contains every key that starts with <see cref="Key"/>, not only the key itself.</summary>
    public bool IsPrefix { get; }

    /// <summary>Creates a range of one key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The range.</returns>
    public static StoreRange Exact(string key) => new(key, isPrefix: false);

    /// <summary>Creates a range of all keys with a prefix.</summary>
    /// <param name="prefix">The prefix; not empty.</param>
    /// <returns>The range.</returns>
    public static StoreRange Prefix(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return new(prefix, isPrefix: true);
    }

    /// <summary>Whether a key is in the range.</summary>
    /// <param name="key">The key.</param>
    /// <returns><see langword="true"/> if the key is in the range.</returns>
    public bool Contains(string key) =>
        IsPrefix ? key.StartsWith(Key, StringComparison.Ordinal) : string.Equals(key, Key, StringComparison.Ordinal);
}
