namespace EtcdDiscovery.Wire;

/// <summary>Converts a status to and from its text in the store. A serving instance has no such text.</summary>
internal static class WireStatus
{
    private const string Serving = "serving";
    private const string Draining = "draining";
    private const string Maintenance = "maintenance";

    public static string? Write(ServiceInstance instance) => instance.Status switch
    {
        ServiceStatus.Draining => Draining,
        ServiceStatus.Maintenance => Maintenance,
        ServiceStatus.Unknown => instance.UnknownStatus,
        _ => null,
    };

    public static ServiceStatus Read(string? text) => text switch
    {
        null or "" or Serving => ServiceStatus.Serving,
        Draining => ServiceStatus.Draining,
        Maintenance => ServiceStatus.Maintenance,
        _ => ServiceStatus.Unknown,
    };
}
