namespace EtcdDiscovery.Primitives;

/// <summary>The categories of log events: areas that users filter by, whichever class logs.</summary>
/// <remarks>Event ids and names are unique within a category and never reused. They are listed in docs/log-events.md.</remarks>
internal static class LogCategories
{
    public const string Registration = "EtcdDiscovery.Registration";

    public const string Resolution = "EtcdDiscovery.Resolution";

    public const string LoadBalancing = "EtcdDiscovery.LoadBalancing";

    public const string Http = "EtcdDiscovery.Http";

    /// <summary>Everything that talks to etcd: v3, v2 and what they share.</summary>
    public const string Etcd = "EtcdDiscovery.Etcd";

    public const string Hosting = "EtcdDiscovery.Hosting";

    public const string AspNetCore = "EtcdDiscovery.AspNetCore";
}
