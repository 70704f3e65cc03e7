using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>The load-balancing state of a service that outlives its views: outstanding calls, round-robin counters and ejections.</summary>
/// <remarks>Picks are frequent and ejections rare, so a pick only reads a set, and new sets are created when an ejection starts or ends.</remarks>
internal sealed partial class BalancerState : IDisposable
{
    private const int SpareCalls = 64;

    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, InstanceCallState> _calls = new(concurrencyLevel: 1, capacity: 1, StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RoundRobinCounter> _turns = new(concurrencyLevel: 1, capacity: 1, StringComparer.Ordinal);
    private readonly OutlierDetector _outliers;
    private readonly LogThrottle _ejections;
    private readonly Lock _changing = new();
    private readonly Action _ejectionsChanged;
    private readonly TimeProvider _timeProvider;
    private readonly Timeline? _timeline;
    private volatile InstanceList _instances = InstanceList.Empty;
    private volatile int _version;
    private int _knownCalls;
    private int _sweepAt = SpareCalls;

    /// <param name="timeProvider">The clock that ends ejections.</param>
    /// <param name="ejectionsChanged">Called without a lock when <see cref="CreatePickSets"/> would return other sets than before.</param>
    /// <param name="logger">Logs ejections.</param>
    /// <param name="timeline">Keeps ejections for diagnostics.</param>
    public BalancerState(
        TimeProvider timeProvider, Action? ejectionsChanged = null, ILogger? logger = null, Timeline? timeline = null)
    {
        _timeProvider = timeProvider;
        _timeline = timeline;
        _ejectionsChanged = ejectionsChanged ?? (static () => { });
        _logger = logger ?? NullLogger.Instance;
        _outliers = new OutlierDetector(timeProvider, Return);
        _ejections = new LogThrottle(timeProvider);
    }

    /// <summary>The current ejections, the oldest first.</summary>
    public IReadOnlyList<Ejection> Ejections
    {
        get
        {
            lock (_changing)
            {
                return _outliers.Ejections;
            }
        }
    }

    /// <summary>The number of outstanding calls by slot of the instance.</summary>
    public OutstandingCounts Outstanding { get; } = new();

    /// <summary>Creates the sets to pick from.</summary>
    /// <param name="serving">The instances that take requests, in order.</param>
    /// <param name="mayHaveWeights">False if all of them are known to have the weight 1.</param>
    public PickSets CreatePickSets(InstanceList serving, bool mayHaveWeights)
    {
        lock (_changing)
        {
            return new PickSets(serving, mayHaveWeights, _outliers.Instances, this);
        }
    }

    /// <summary>Replaces the known instances. Ends the ejections of instances that are gone or have changed.</summary>
    public void SetInstances(InstanceList instances)
    {
        lock (_changing)
        {
            _instances = instances;
            _version++;
            _outliers.End(ejection => !ReferenceEquals(instances.Find(ejection.Instance.Id), ejection.Instance));
        }
    }

    /// <summary>Gets the round-robin counter of a scope. Takes a lock only for a new scope.</summary>
    public RoundRobinCounter RoundRobinFor(string scope) => _turns.GetOrAdd(scope, static _ => new RoundRobinCounter());

    /// <summary>Gets the slot that counts an instance's outstanding calls.</summary>
    public int SlotFor(string id) => CallsTo(id).Slot;

    /// <summary>The number of outstanding calls to an instance.</summary>
    public int CountOutstanding(string id) => _calls.GetValueOrDefault(id)?.Outstanding ?? 0;

    /// <summary>Starts a call to an instance; <see cref="ServiceCall.None"/> if the instance no longer exists.</summary>
    public ServiceCall StartCall(string id)
    {
        // Read before the instances, and written after them, so that a race costs at most a redundant search.
        var version = _version;
        var calls = _calls.GetValueOrDefault(id);
        if (calls?.PresentAt != version)
        {
            if (_instances.Find(id) is null)
            {
                return ServiceCall.None;
            }

            calls ??= CallsTo(id);
            calls.PresentAt = version;
        }

        calls.Start();
        return new OutstandingCall(this, calls);
    }

    /// <summary>Ends a call. If the instance is gone, the result cannot eject it.</summary>
    /// <param name="calls">The calls to the instance.</param>
    /// <param name="succeeded">Whether the call succeeded; null if it was canceled.</param>
    public void EndCall(InstanceCallState calls, bool? succeeded)
    {
        calls.End();
        if ((succeeded == false && NoteFailure(calls)) || (succeeded == true && !calls.IsWell && NoteSuccess(calls)))
        {
            _ejectionsChanged();
        }
    }

    public void Dispose()
    {
        lock (_changing)
        {
            _outliers.Dispose();
        }
    }

    private void Note(DiscoveryEventKind kind, ServiceInstance instance, string? detail = null) =>
        _timeline?.Add(new()
        {
            Time = _timeProvider.GetUtcNow(),
            Kind = kind,
            ServiceName = instance.ServiceName,
            InstanceId = instance.Id,
            Detail = detail,
        });

    private InstanceCallState CallsTo(string id) => _calls.TryGetValue(id, out var calls) ? calls : AddCalls(id);

    /// <returns>Whether the instance was ejected.</returns>
    private bool NoteFailure(InstanceCallState calls)
    {
        lock (_changing)
        {
            calls.Health = calls.Health.AfterFailure();
            if (_instances.Find(calls.Id) is not { } instance || !calls.Health.IsToBeEjected
                || _outliers.Add(instance, calls.Health.Ejections + 1) is not { } time)
            {
                return false;
            }

            calls.Health = calls.Health.AfterEjection();
            if (_ejections.Allows(out var leftOut))
            {
                Log.Ejected(_logger, LogSanitizer.Sanitize(instance.Id), LogSanitizer.Sanitize(instance.ServiceName), time, leftOut);
            }

            Note(DiscoveryEventKind.InstanceEjected, instance, string.Create(CultureInfo.InvariantCulture, $"for {time.TotalSeconds:0.0} s"));
            return true;
        }
    }

    /// <returns>Whether an ejection ended.</returns>
    private bool NoteSuccess(InstanceCallState calls)
    {
        lock (_changing)
        {
            calls.Health = InstanceHealth.AfterSuccess();
            return End(ejection => ejection.Instance.Id == calls.Id);
        }
    }

    private void Return(object? ended)
    {
        bool isChanged;
        lock (_changing)
        {
            isChanged = End(ejection => ejection == ended);
        }

        if (isChanged)
        {
            _ejectionsChanged();
        }
    }

    private bool End(Predicate<Ejection> match)
    {
        var all = _outliers.End(match);
        foreach (var ended in all)
        {
            Log.Returned(_logger, LogSanitizer.Sanitize(ended.Instance.Id), LogSanitizer.Sanitize(ended.Instance.ServiceName));
            Note(DiscoveryEventKind.EjectionEnded, ended.Instance);
        }

        return all.Count > 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private InstanceCallState AddCalls(string id)
    {
        lock (_changing)
        {
            if (_knownCalls >= _sweepAt)
            {
                RemoveStaleCalls();
            }

            if (!_calls.TryGetValue(id, out var calls))
            {
                _calls[id] = calls = new InstanceCallState(id, Outstanding, Outstanding.TakeSlot());
                _knownCalls++;
            }

            return calls;
        }
    }

    // Runs each time the number has doubled, so that the amortized cost is constant.
    private void RemoveStaleCalls()
    {
        foreach (var (id, calls) in _calls)
        {
            if (calls.Outstanding == 0 && _instances.Find(id) is null)
            {
                _calls.TryRemove(id, out _);
                Outstanding.GiveBack(calls.Slot);
                _knownCalls--;
            }
        }

        _sweepAt = (2 * _knownCalls) + SpareCalls;
    }
}
