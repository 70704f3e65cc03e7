using EtcdDiscovery.LoadBalancing;

namespace EtcdDiscovery;

/// <summary>The built-in pickers. All are safe for concurrent use.</summary>
public static class InstancePickers
{
    /// <summary>Picks at random, in proportion to the weights. The default.</summary>
    public static IInstancePicker Random { get; } = new RandomPicker();

    /// <summary>
    /// Picks the instances in turn, in proportion to their weights. The order is exact if picks are sequential. Concurrent threads use
    /// separate counters, to avoid contention.
    /// </summary>
    public static IInstancePicker RoundRobin { get; } = new RoundRobinPicker();

    /// <summary>
    /// Picks two instances at random and takes the one with fewer outstanding calls in proportion to its weight. Calls are counted by
    /// <see cref="IServiceResolver.StartCall"/>, which the handler for <see cref="HttpClient"/> calls. Without such calls, it picks at
    /// random.
    /// </summary>
    public static IInstancePicker PowerOfTwoChoices { get; } = new PowerOfTwoChoicesPicker();

    /// <summary>Picks the instance with the smallest key, the same for every caller, until it is ejected or gone.</summary>
    public static IInstancePicker First { get; } = new FirstPicker();

    internal static IInstancePicker Of(InstanceBalancing balancing) => balancing switch
    {
        InstanceBalancing.RoundRobin => RoundRobin,
        InstanceBalancing.PowerOfTwoChoices => PowerOfTwoChoices,
        InstanceBalancing.First => First,
        _ => Random,
    };
}
