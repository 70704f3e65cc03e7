using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>How one of several instances is picked. Each of them respects <see cref="ServiceInstance.Weight"/>, except <see cref="First"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<InstanceBalancing>))]
public enum InstanceBalancing
{
    /// <summary>At random: <see cref="InstancePickers.Random"/>.</summary>
    Random,

    /// <summary>One after the other: <see cref="InstancePickers.RoundRobin"/>.</summary>
    RoundRobin,

    /// <summary>The less busy of two random ones: <see cref="InstancePickers.PowerOfTwoChoices"/>.</summary>
    PowerOfTwoChoices,

    /// <summary>The one with the smallest key: <see cref="InstancePickers.First"/>.</summary>
    First,
}
