namespace EtcdDiscovery.Chaos;

/// <summary>Which of etcd's APIs, and so which of its two stores, the hosts use.</summary>
internal enum EtcdApi
{
    V3,
    V2,
}
