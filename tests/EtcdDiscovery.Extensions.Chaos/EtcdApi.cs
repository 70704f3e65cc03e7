namespace EtcdDiscovery.Chaos;

/// <summary>The API of etcd, and therefore the one of its two stores, that the hosts use.</summary>
internal enum EtcdApi
{
    V3,
    V2,
}
