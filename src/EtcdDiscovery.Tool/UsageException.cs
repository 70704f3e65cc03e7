namespace EtcdDiscovery.Tool;

/// <summary>An argument or setting that the parser cannot judge is wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);
