namespace EtcdDiscovery.AspNetCore;

/// <summary>Whether the process is ready, based on the last few results of its checks. Immutable.</summary>
/// <param name="IsReady">The decision; null before the first one.</param>
/// <param name="Contradictions">The number of consecutive results that contradict the decision.</param>
internal readonly record struct Readiness(bool? IsReady, int Contradictions)
{
    public Readiness After(bool isHealthy, ReadinessOptions options)
    {
        if (IsReady is null || isHealthy == IsReady)
        {
            return new(isHealthy, 0);
        }

        var needed = isHealthy ? options.SuccessesToReturn : options.FailuresToLeave;
        return Contradictions + 1 >= needed ? new(isHealthy, 0) : this with { Contradictions = Contradictions + 1 };
    }
}
