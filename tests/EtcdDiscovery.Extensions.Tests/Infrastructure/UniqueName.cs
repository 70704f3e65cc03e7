namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Creates names that no other test uses.</summary>
public static class UniqueName
{
    public static string Of(string service) => $"{service}-{Guid.NewGuid():N}";
}
