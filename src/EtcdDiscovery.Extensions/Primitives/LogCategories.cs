namespace EtcdDiscovery.Primitives;

/// <summary>The categories of log events. They name functional areas, not classes.</summary>
/// <remarks>Event ids and names are unique within a category and never reused. They are listed in docs/log-events.md.</remarks>
internal static class LogCategories
{
    public const string Registration = "EtcdDiscovery.Registration";

    public const string Resolution = "EtcdDiscovery.Resolution";

    public const string LoadBalancing = "EtcdDiscovery.LoadBalancing";

    public const string Http = "EtcdDiscovery.Http";

    /// <summary>Communication with etcd, v3 and v2.</summary>
    public const string Etcd = "EtcdDiscovery.Etcd";

    public const string Hosting = "EtcdDiscovery.Hosting";

    public const string AspNetCore = "EtcdDiscovery.AspNetCore";
}
