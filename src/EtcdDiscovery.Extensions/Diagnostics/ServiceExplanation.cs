using System.Globalization;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Which instances of a service a query selects, and why it leaves out the others. Immutable.</summary>
public sealed class ServiceExplanation
{
    /// <summary>The snapshot of the service.</summary>
    public required ServiceSnapshot Snapshot { get; init; }

    /// <summary>All instances in the order of their keys, each with its explanation.</summary>
    public required IReadOnlyList<InstanceExplanation> Instances { get; init; }

    /// <summary>Describes the service in one line, then each instance in a separate line.</summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        var candidates = Instances.Count(instance => instance.IsCandidate);
        var summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{LogSanitizer.Sanitize(Snapshot.Service.Name)}: {candidates} of {Instances.Count} instances are candidates ({Snapshot.Source} as of {Snapshot.AsOf:O})");
        return string.Join('\n', [Snapshot.Exists ? summary : $"{LogSanitizer.Sanitize(Snapshot.Service.Name)}: nothing is known about it", .. Instances]);
    }
}
