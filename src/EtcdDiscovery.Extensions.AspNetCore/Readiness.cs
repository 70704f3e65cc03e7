namespace EtcdDiscovery.AspNetCore;

/// <summary>Whether the host is ready, decided from the last few looks at its checks. Immutable.</summary>
/// <param name="IsReady">The decision; null before the first one.</param>
/// <param name="Contradictions">How many looks one after another said otherwise.</param>
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
