namespace EtcdDiscovery.Primitives;

/// <summary>How long to wait before trying again: doubling, bounded, with jitter so that a fleet does not come back as one.</summary>
/// <param name="First">About how long to wait after the first failure.</param>
/// <param name="Longest">The longest wait.</param>
internal readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    // Beyond this a doubling overflows nothing and changes nothing: 0.01 s doubled 20 times is 3 hours.
    private const int MaxDoublings = 20;

    // What does not pass by itself needs a person; asking more often only fills etcd's log.
    private static readonly TimeSpan Refused = TimeSpan.FromSeconds(30);

    /// <summary>The wait after a number of failures in a row.</summary>
    /// <param name="failures">How often it failed, from 1.</param>
    /// <param name="random">From 0 to 1: where in the upper half of the nominal wait.</param>
    public TimeSpan DelayAfter(int failures, double random)
    {
        var doubled = First * Math.Pow(2, Math.Clamp(failures - 1, 0, MaxDoublings));
        var nominal = doubled < Longest ? doubled : Longest;
        return nominal * (0.5 + (random / 2));
    }

    public TimeSpan DelayAfter(int failures) => DelayAfter(failures, Random.Shared.NextDouble());

    /// <summary>The wait after a number of failures in a row; longer when the last one needs someone to act.</summary>
    public TimeSpan DelayAfter(int failures, bool isTransient) => isTransient ? DelayAfter(failures) : Refused;
}
