namespace EtcdDiscovery.LoadBalancing;

/// <summary>What the results of calls say of one instance.</summary>
/// <param name="HasSucceeded">Whether a call has succeeded since the start, or since the last ejection.</param>
/// <param name="Failures">How many calls have failed in a row.</param>
/// <param name="Ejections">How many ejections there were without a success in between.</param>
/// <remarks>
/// An instance that has worked is granted a hiccup: at one bad answer in a hundred, three failures in a row are one in a
/// million, but every dead instance has them at once. One that has not worked yet, or not since it was ejected, gets no
/// second chance.
/// </remarks>
internal readonly record struct InstanceHealth(bool HasSucceeded, int Failures, int Ejections)
{
    private const int PardonedFailures = 2;

    public bool IsToBeEjected => Failures > (HasSucceeded ? PardonedFailures : 0);

    public static InstanceHealth AfterSuccess() => new(HasSucceeded: true, 0, 0);

    public InstanceHealth AfterFailure() => this with { Failures = Failures + 1 };

    public InstanceHealth AfterEjection() => new(HasSucceeded: false, 0, Ejections + 1);
}
