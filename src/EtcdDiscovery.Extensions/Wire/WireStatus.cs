namespace EtcdDiscovery.Wire;

/// <summary>How a status stands in the store; absent while serving. One that we do not know counts as serving.</summary>
internal static class WireStatus
{
    private const string Draining = "draining";
    private const string Maintenance = "maintenance";

    public static string? Write(ServiceStatus status) => status switch
    {
        ServiceStatus.Draining => Draining,
        ServiceStatus.Maintenance => Maintenance,
        _ => null,
    };

    public static ServiceStatus Read(string? text) => text switch
    {
        Draining => ServiceStatus.Draining,
        Maintenance => ServiceStatus.Maintenance,
        _ => ServiceStatus.Serving,
    };
}
