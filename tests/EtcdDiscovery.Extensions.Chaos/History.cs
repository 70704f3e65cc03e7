using System.Diagnostics;
using System.Globalization;

namespace EtcdDiscovery.Chaos;

/// <summary>Records faults, violations and durations. Safe for concurrent use.</summary>
internal sealed class History
{
    private const int FaultsShown = 12;

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Lock _sync = new();
    private readonly Dictionary<FaultKind, int> _injected = [];
    private readonly Dictionary<FaultKind, TimeSpan> _slowest = [];
    private readonly List<string> _faults = [];
    private readonly List<string> _violations = [];
    private bool _hasFailed;
    private TimeSpan _oldestGhost;
    private TimeSpan _longestGap;
    private long _observations;

    public TimeSpan Now => _clock.Elapsed;

    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_sync)
            {
                return [.. _violations];
            }
        }
    }

    /// <summary>Whether no invariant was violated and the suite itself did not fail.</summary>
    public bool IsClean => Violations.Count == 0 && !_hasFailed;

    public void OnFault(FaultKind kind, string what)
    {
        lock (_sync)
        {
            _injected[kind] = _injected.GetValueOrDefault(kind) + 1;
        }

        Log($"{kind}: {what}");
    }

    /// <summary>Writes a line with a timestamp.</summary>
    public void Log(string what)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds,6:F1} s  {what}");
        lock (_sync)
        {
            _faults.Add(line);
            Console.WriteLine(line);
        }
    }

    public void OnViolation(string what)
    {
        lock (_sync)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds,6:F1} s  VIOLATION: {what}");
            _violations.Add(line);
            Console.WriteLine(line);
            foreach (var fault in _faults.TakeLast(FaultsShown))
            {
                Console.WriteLine($"            after {fault}");
            }
        }
    }

    /// <summary>The suite itself has failed.</summary>
    public void OnFailure(Exception error)
    {
        lock (_sync)
        {
            _hasFailed = true;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds,6:F1} s  FAILURE of the suite: {error}"));
        }
    }

    public void OnReregistered(FaultKind kind, TimeSpan after)
    {
        lock (_sync)
        {
            _slowest[kind] = Longer(_slowest.GetValueOrDefault(kind), after);
        }
    }

    public void OnGhost(TimeSpan age)
    {
        lock (_sync)
        {
            _oldestGhost = Longer(_oldestGhost, age);
        }
    }

    public void OnObservation(TimeSpan sinceLast)
    {
        lock (_sync)
        {
            _observations++;
            _longestGap = Longer(_longestGap, sinceLast);
        }
    }

    public void PrintTable()
    {
        lock (_sync)
        {
            Console.WriteLine();
            Console.WriteLine($"{"fault",-20}{"injected",10}{"worst time to re-register",28}{"allowed",10}");
            foreach (var kind in Enum.GetValues<FaultKind>())
            {
                var slowest = _slowest.TryGetValue(kind, out var time) ? Seconds(time) : "never missing";
                var allowed = Bounds.Missing(kind) is { } bound ? Seconds(bound) : "never";
                Console.WriteLine($"{kind,-20}{_injected.GetValueOrDefault(kind),10}{slowest,28}{allowed,10}");
            }

            Console.WriteLine($"(plus {Seconds(Bounds.FailoverTime)} for failover if a member was unavailable)");
            Console.WriteLine();
            Console.WriteLine($"checks: {_observations}, at most {Seconds(_longestGap)} apart");
            Console.WriteLine($"worst time to re-register: {Seconds(_slowest.Values.DefaultIfEmpty().Max())}");
            Console.WriteLine($"worst ghost age: {Seconds(_oldestGhost)} of {Seconds(Bounds.TimeToLive + Bounds.GhostSlack)} allowed");
            Console.WriteLine($"violations: {_violations.Count}");
        }
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F1} s");
}
