namespace EtcdDiscovery.Primitives;

/// <summary>Exponential backoff with a limit. Jitter prevents the instances of a fleet from retrying at the same time.</summary>
/// <param name="First">The approximate wait after the first failure.</param>
/// <param name="Longest">The longest wait.</param>
internal readonly record struct Backoff(TimeSpan First, TimeSpan Longest)
{
    // Prevents an overflow. 0.01 s doubled 20 times is 3 hours, which exceeds any limit.
    private const int MaxDoublings = 20;

    // After a refusal, an operator has to act. More frequent retries would only fill etcd's log.
    private static readonly TimeSpan Refused = TimeSpan.FromSeconds(30);

    /// <summary>Computes the wait after a number of consecutive failures.</summary>
    /// <param name="failures">The number of failures, from 1.</param>
    /// <param name="random">From 0 to 1: the position of the result between half of the nominal wait and all of it.</param>
    public TimeSpan DelayAfter(int failures, double random)
    {
        var doubled = First * Math.Pow(2, Math.Clamp(failures - 1, 0, MaxDoublings));
        var nominal = doubled < Longest ? doubled : Longest;
        return nominal * (0.5 + (random / 2));
    }

    public TimeSpan DelayAfter(int failures) => DelayAfter(failures, Random.Shared.NextDouble());

    /// <summary>
    /// Computes the wait after a number of consecutive failures. If the last failure was not transient, the wait is 30 seconds.
    /// </summary>
    public TimeSpan DelayAfter(int failures, bool isTransient) => isTransient ? DelayAfter(failures) : Refused;
}
