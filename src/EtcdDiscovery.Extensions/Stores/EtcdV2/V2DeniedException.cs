namespace EtcdDiscovery.Stores.EtcdV2;

/// <summary>Etcd knows neither this user and password nor whoever comes without, or lets them not do that: it does not say which.</summary>
internal sealed class V2DeniedException(string message) : EtcdDiscoveryException(message);
