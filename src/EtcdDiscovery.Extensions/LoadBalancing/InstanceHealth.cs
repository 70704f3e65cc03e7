namespace EtcdDiscovery.LoadBalancing;

/// <summary>The health of one instance, derived from the results of calls.</summary>
/// <param name="HasSucceeded">Whether a call has succeeded since the start, or since the last ejection.</param>
/// <param name="Failures">The number of consecutive failures.</param>
/// <param name="Ejections">The number of ejections without a success in between.</param>
/// <remarks>
/// An instance that has worked is ejected after three consecutive failures. At an error rate of 1 %, three failures in a row happen by
/// chance once in a million calls, but on a dead instance they happen at once. An instance that has not succeeded yet, or not since its
/// last ejection, is ejected after the first failure.
/// </remarks>
internal readonly record struct InstanceHealth(bool HasSucceeded, int Failures, int Ejections)
{
    private const int ToleratedFailures = 2;

    public bool IsToBeEjected => Failures > (HasSucceeded ? ToleratedFailures : 0);

    public static InstanceHealth AfterSuccess() => new(HasSucceeded: true, 0, 0);

    public InstanceHealth AfterFailure() => this with { Failures = Failures + 1 };

    public InstanceHealth AfterEjection() => new(HasSucceeded: false, 0, Ejections + 1);
}
