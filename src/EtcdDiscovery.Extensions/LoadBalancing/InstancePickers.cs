using EtcdDiscovery.LoadBalancing;

namespace EtcdDiscovery;

/// <summary>The built-in ways to pick an instance. All are safe for concurrent use.</summary>
public static class InstancePickers
{
    /// <summary>Picks at random, in proportion to the weights. The default.</summary>
    public static IInstancePicker Random { get; } = new RandomPicker();

    /// <summary>
    /// Picks one after the other, each as often as its weight says. The order is exact as long as callers ask one after the
    /// other; threads that ask at the same time each go their own round, so that they do not slow each other down.
    /// </summary>
    public static IInstancePicker RoundRobin { get; } = new RoundRobinPicker();

    /// <summary>
    /// Picks two at random and takes the one with fewer outstanding calls in proportion to its weight. Calls count from
    /// <see cref="IServiceResolver.StartCall"/> on, which the handler for <see cref="HttpClient"/> calls; without any, it picks at
    /// random.
    /// </summary>
    public static IInstancePicker PowerOfTwoChoices { get; } = new PowerOfTwoChoicesPicker();

    /// <summary>Picks the one with the smallest key, the same for every caller, until it is ejected or gone.</summary>
    public static IInstancePicker First { get; } = new FirstPicker();

    internal static IInstancePicker Of(InstanceBalancing balancing) => balancing switch
    {
        InstanceBalancing.RoundRobin => RoundRobin,
        InstanceBalancing.PowerOfTwoChoices => PowerOfTwoChoices,
        InstanceBalancing.First => First,
        _ => Random,
    };
}
