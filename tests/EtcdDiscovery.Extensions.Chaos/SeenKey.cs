namespace EtcdDiscovery.Chaos;

/// <summary>A key as read from etcd.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its value.</param>
/// <param name="Expires">Whether it expires unless its host renews it: in v3 it has a lease, in v2 a time to live.</param>
/// <param name="Lease">Its lease; 0 if it has none, and in v2.</param>
internal sealed record SeenKey(string Key, string Value, bool Expires, long Lease = 0)
{
    private const int UuidLength = 36;

    /// <summary>The host that owns the key: an instance id consists of a UUID and the host's name.</summary>
    public string Host => Key[(Key.LastIndexOf('/') + 1 + UuidLength + 1)..];
}
