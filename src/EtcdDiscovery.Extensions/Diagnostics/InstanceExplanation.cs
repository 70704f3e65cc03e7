using System.Globalization;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Explains whether a query selects an instance, and if not, why. Immutable.</summary>
public sealed class InstanceExplanation
{
    /// <summary>The instance.</summary>
    public required ServiceInstance Instance { get; init; }

    /// <summary>Why the query does not select it.</summary>
    public required InstanceExclusions Exclusions { get; init; }

    /// <summary>
    /// The exclusions for people, such as <c>it has no port for http, only grpc=8083</c>; empty if the query selects the instance.
    /// </summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Whether the query selects it, so that it may be picked.</summary>
    public bool IsCandidate => Exclusions == InstanceExclusions.None;

    /// <summary>
    /// When its ejection ends; <see langword="null"/> if it is not ejected. If more than half of the instances are ejected, some of these
    /// are candidates nevertheless.
    /// </summary>
    public DateTimeOffset? EjectedUntil { get; init; }

    /// <summary>Whether it vanished, perhaps only because of an outage of the store; see <see cref="ServiceSnapshot.Suspects"/>.</summary>
    public bool IsSuspect { get; init; }

    /// <summary>The number of outstanding calls of this process to the instance.</summary>
    public int OutstandingCalls { get; init; }

    /// <summary>Describes it in one line, such as <c>a-host: left out: Status (Draining), Port</c>.</summary>
    /// <returns>The line.</returns>
    public override string ToString()
    {
        var verdict = IsCandidate ? "candidate" : $"left out: {Exclusions}";
        string?[] details =
        [
            Instance.Status == ServiceStatus.Serving ? null : $"status {LogSanitizer.Sanitize(Instance.UnknownStatus ?? Instance.Status.ToString())}",
            Instance.Shard is { } shard ? $"shard {LogSanitizer.Sanitize(shard)}" : null,
            Instance.Zone is { } zone ? $"zone {LogSanitizer.Sanitize(zone)}" : null,
            EjectedUntil is { } end ? string.Create(CultureInfo.InvariantCulture, $"ejected until {end:O}") : null,
            IsSuspect ? "suspect" : null,
            OutstandingCalls > 0 ? string.Create(CultureInfo.InvariantCulture, $"{OutstandingCalls} outstanding") : null,
        ];
        var known = string.Join(", ", details.OfType<string>());
        var id = LogSanitizer.Sanitize(Instance.Id);
        return known.Length == 0 ? $"{id}: {verdict}" : $"{id}: {verdict} ({known})";
    }
}
