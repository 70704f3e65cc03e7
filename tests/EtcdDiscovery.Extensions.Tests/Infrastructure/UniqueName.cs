namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Names that no other test has.</summary>
public static class UniqueName
{
    public static string Of(string service) => $"{service}-{Guid.NewGuid():N}";
}
