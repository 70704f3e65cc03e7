namespace EtcdDiscovery.Etcd;

/// <summary>An answer is longer than what is read. It is no shorter the next time, or elsewhere; less can be asked for.</summary>
internal sealed class ResponseTooLargeException(string message) : EtcdDiscoveryException(message);
