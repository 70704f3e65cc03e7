namespace EtcdDiscovery.Etcd;

/// <summary>An answer exceeds the size limit. Retries and other endpoints do not help, but a smaller page may.</summary>
internal sealed class ResponseTooLargeException(string message) : EtcdDiscoveryException(message);
