namespace EtcdDiscovery.Stores;

/// <summary>One change: a key was put, or was deleted or expired. Immutable.</summary>
/// <param name="key">The key.</param>
/// <param name="value">The new value; <see langword="null"/> when the key was deleted or expired.</param>
/// <param name="revision">The number of the revision of the change.</param>
public sealed class StoreEvent(string key, ReadOnlyMemory<byte>? value, long revision)
{
    /// <summary>The key.</summary>
    public string Key { get; } = key;

    /// <summary>The new value; <see langword="null"/> when the key was deleted or expired.</summary>
    public ReadOnlyMemory<byte>? Value { get; } = value;

    /// <summary>The number of the revision of the change.</summary>
    public long Revision { get; } = revision;

    /// <summary>
    /// For a key that is gone: <see langword="true"/> when its time to live ended, <see langword="false"/> when it was deleted.
    /// </summary>
    /// <value>The default is <see langword="null"/>: the store does not know; see <see cref="StoreCapabilities.ExpiryEvents"/>.</value>
    public bool? IsExpiry { get; init; }
}
