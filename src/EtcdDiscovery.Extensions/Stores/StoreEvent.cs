namespace EtcdDiscovery.Stores;

/// <summary>One change: a key was put or is gone.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The new value, or <see langword="null"/> when the key was deleted or expired.</param>
/// <param name="Revision">The number of the revision that changed it.</param>
public readonly record struct StoreEvent(string Key, ReadOnlyMemory<byte>? Value, long Revision)
{
    /// <summary>
    /// Of a key that is gone: whether its time to live ended (<see langword="true"/>) or it was deleted
    /// (<see langword="false"/>).
    /// </summary>
    /// <value>The default is <see langword="null"/>: the store cannot tell; see <see cref="StoreCapabilities.ExpiryEvents"/>.</value>
    public bool? IsExpiry { get; init; }
}
