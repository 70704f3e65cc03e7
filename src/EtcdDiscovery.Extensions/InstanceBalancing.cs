using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>
/// How one of several instances is picked. Every value except <see cref="First"/> respects <see cref="ServiceInstance.Weight"/>.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<InstanceBalancing>))]
public enum InstanceBalancing
{
    /// <summary>At random: <see cref="InstancePickers.Random"/>.</summary>
    Random,

    /// <summary>One after the other: <see cref="InstancePickers.RoundRobin"/>.</summary>
    RoundRobin,

    /// <summary>The less busy of two random instances: <see cref="InstancePickers.PowerOfTwoChoices"/>.</summary>
    PowerOfTwoChoices,

    /// <summary>The instance with the smallest key: <see cref="InstancePickers.First"/>.</summary>
    First,
}
