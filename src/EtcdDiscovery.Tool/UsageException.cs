namespace EtcdDiscovery.Tool;

/// <summary>An argument or setting is wrong in a way that the parser cannot detect.</summary>
internal sealed class UsageException(string message) : Exception(message);
