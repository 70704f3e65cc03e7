using System.Text;
using EtcdDiscovery.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The events that can happen to a service, its store and its readers.</summary>
internal enum StepKind
{
    /// <summary>An instance is put.</summary>
    Put,

    /// <summary>An instance and the description are put in one transaction, as hosts do.</summary>
    Register,

    /// <summary>The description is put.</summary>
    Describe,

    /// <summary>The description is deleted.</summary>
    Undescribe,

    /// <summary>An instance is deleted.</summary>
    Delete,

    /// <summary>A lease expires, and all its entries are deleted.</summary>
    Expire,

    /// <summary>Many instances come, change and go: more changes than a queue holds.</summary>
    Flood,

    /// <summary>The store compacts its history.</summary>
    Compact,

    /// <summary>Established watches lose their history.</summary>
    LoseHistory,

    /// <summary>The store becomes unreachable.</summary>
    Disconnect,

    /// <summary>The store becomes reachable.</summary>
    Reconnect,

    /// <summary>Another watcher starts.</summary>
    Follow,

    /// <summary>Watchers stop reading until the next settling.</summary>
    Stall,

    /// <summary>Time passes.</summary>
    Pass,

    /// <summary>Waits until readers have seen all changes, and checks them.</summary>
    Settle,
}

/// <summary>One event.</summary>
/// <param name="Kind">The kind of event.</param>
/// <param name="Id">The affected instance.</param>
/// <param name="Value">The value that is put.</param>
/// <param name="Lease">The lease of the put, or the one that expires; 0 for none.</param>
internal sealed record Step(StepKind Kind, string Id = "", string Value = "", int Lease = 0)
{
    /// <summary>The number of instances in a flood.</summary>
    public const int FloodSize = 600;

    /// <summary>The number of puts of each instance. The queue of a stalled watcher holds the first wave, but not the others.</summary>
    public const int FloodWaves = 3;

    // The last but one belongs to another service whose name begins with this one's.
    private static readonly string[] Ids = ["a", "b", "c", "Z", "in/x", "é"];

    private static readonly string[] Values =
    [
        Instance(new() { Id = "", ServiceName = "", Hostname = "h1" }),
        Instance(new() { Id = "", ServiceName = "", Hostname = "h2", Weight = 2 }),
        Instance(new() { Id = "", ServiceName = "", Hostname = "h3", Shard = "s0" }),
        Instance(new() { Id = "", ServiceName = "", Hostname = "h3", Shard = "s1" }),
        Instance(new() { Id = "", ServiceName = "", Hostname = "h1", Status = ServiceStatus.Draining }),
        Instance(new() { Id = "", ServiceName = "", Hostname = "h3", Shard = "s0", Status = ServiceStatus.Maintenance }),
        "{ not readable",
        "",
    ];

    private static readonly string[] Descriptions =
    [
        """{"name":"x","critical":true}""",
        """{"name":"x","critical":true,"hostname":"pub.dev","user":"u","password":"p","ports":{"https":"443"},"public":true}""",
        "[ not readable",
    ];

    /// <summary>Sequences of steps. A failing sequence is shrunk.</summary>
    public static Arbitrary<Step[]> Sequences { get; } = Arb.From(Gen.ArrayOf(Any()), Shorter);

    public override string ToString() => $"{Kind} {Id} {Value} {(Lease == 0 ? "" : $"lease {Lease}")}".TrimEnd();

    /// <summary>An instance with distinguishable content.</summary>
    public static string Instance(ServiceInstance instance) => Encoding.UTF8.GetString(ServiceJson.Encode(instance));

    private static Gen<Step> Any()
    {
        var lease = Gen.Choose(0, 2);
        var id = Gen.Elements(Ids);
        var value = Gen.Elements(Values);
        var put = from i in id from v in value from l in lease select new Step(StepKind.Put, i, v, l);
        var describe = from v in Gen.Elements(Descriptions) from l in lease select new Step(StepKind.Describe, "", v, l);
        return Gen.Frequency(
            (30, put),
            (4, from p in put select p with { Kind = StepKind.Register }),
            (4, describe),
            (2, Just(StepKind.Undescribe)),
            (12, from i in id select new Step(StepKind.Delete, i)),
            (5, from l in Gen.Choose(1, 2) select new Step(StepKind.Expire, Lease: l)),
            (1, Just(StepKind.Flood)),
            (5, Just(StepKind.Compact)),
            (3, Just(StepKind.LoseHistory)),
            (5, Just(StepKind.Disconnect)),
            (5, Just(StepKind.Reconnect)),
            (2, Just(StepKind.Follow)),
            (1, Just(StepKind.Stall)),
            (8, Just(StepKind.Pass)),
            (10, Just(StepKind.Settle)));
    }

    private static Gen<Step> Just(StepKind kind) => Gen.Constant(new Step(kind));

    // Removes a half, a quarter, and so on down to single steps.
    private static IEnumerable<Step[]> Shorter(Step[] steps)
    {
        for (var cut = steps.Length / 2; cut > 0; cut /= 2)
        {
            for (var at = 0; at < steps.Length; at += cut)
            {
                yield return [.. steps[..at], .. steps[Math.Min(at + cut, steps.Length)..]];
            }
        }
    }
}
