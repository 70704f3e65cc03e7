using System.Text.Json.Serialization;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Why a query does not select an instance.</summary>
[Flags]
[JsonConverter(typeof(JsonStringEnumConverter<InstanceExclusions>))]
public enum InstanceExclusions
{
    /// <summary>The query selects the instance.</summary>
    None = 0,

    /// <summary>The instance takes no requests: see <see cref="ServiceInstance.Status"/>.</summary>
    Status = 1,

    /// <summary>It does not serve <see cref="ServiceQuery.Shard"/>.</summary>
    Shard = 2,

    /// <summary>It is among <see cref="ServiceQuery.Excluding"/>.</summary>
    Excluded = 4,

    /// <summary>It is ejected, because calls to it failed.</summary>
    Ejected = 8,

    /// <summary>It does not serve <see cref="ServiceQuery.PreferredShard"/>, but other instances do.</summary>
    PreferredShard = 16,

    /// <summary>It is not in the preferred zone, but other instances are.</summary>
    PreferredZone = 32,

    /// <summary>It has no port for <see cref="ServiceQuery.Scheme"/>.</summary>
    Port = 64,
}
