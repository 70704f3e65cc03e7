namespace EtcdDiscovery.Chaos;

/// <summary>A key as it stands in etcd.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its value.</param>
/// <param name="Expires">Whether it vanishes unless its host renews it: it has a lease, in v2 a time to live.</param>
/// <param name="Lease">Its lease; 0 without one, and in v2.</param>
internal sealed record SeenKey(string Key, string Value, bool Expires, long Lease = 0)
{
    private const int UuidLength = 36;

    /// <summary>The host that the key belongs to: an instance is named by a UUID and the host's name.</summary>
    public string Host => Key[(Key.LastIndexOf('/') + 1 + UuidLength + 1)..];
}
