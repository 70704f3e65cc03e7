namespace EtcdDiscovery;

/// <summary>Why an instance went down.</summary>
public enum ServiceDownReason
{
    /// <summary>It signed off: it is stopping, or its registration was withdrawn.</summary>
    Unregistered,

    /// <summary>It vanished without signing off: its session expired, or somebody deleted it. Go's hosts always vanish like this.</summary>
    Expired,

    /// <summary>It is in maintenance.</summary>
    Maintenance,
}
