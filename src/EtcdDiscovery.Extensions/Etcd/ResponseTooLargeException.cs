namespace EtcdDiscovery.Etcd;

/// <summary>A response exceeds the size limit. Retries and other endpoints do not help, but a smaller page may.</summary>
internal sealed class ResponseTooLargeException(string message) : EtcdDiscoveryException(message);
