using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>What load balancing remembers of a service from one view to the next: outstanding calls, turns, ejections.</summary>
/// <remarks>
/// Ejections are rare and picks are not, so a pick only reads a set; an ejection, or its end, asks for new sets.
/// </remarks>
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
    private readonly RecentItems<DiscoveryEvent>? _timeline;
    private volatile ServiceInstance[] _instances = [];
    private volatile int _version;
    private int _knownCalls;
    private int _sweepAt = SpareCalls;

    /// <param name="timeProvider">The clock that ends ejections.</param>
    /// <param name="ejectionsChanged">Called, without a lock, when <see cref="CreatePickSets"/> would give other sets than before.</param>
    /// <param name="logger">Logs ejections.</param>
    /// <param name="timeline">Keeps ejections for diagnostics.</param>
    public BalancerState(
        TimeProvider timeProvider, Action? ejectionsChanged = null, ILogger? logger = null, RecentItems<DiscoveryEvent>? timeline = null)
    {
        _timeProvider = timeProvider;
        _timeline = timeline;
        _ejectionsChanged = ejectionsChanged ?? (static () => { });
        _logger = logger ?? NullLogger.Instance;
        _outliers = new OutlierDetector(timeProvider, Return);
        _ejections = new LogThrottle(timeProvider);
    }

    /// <summary>The ejections of this moment, the oldest first.</summary>
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

    /// <summary>How many calls are outstanding, by the slot of each instance.</summary>
    public OutstandingCounts Outstanding { get; } = new();

    /// <summary>The sets to pick from now.</summary>
    /// <param name="serving">The instances that take requests, in order.</param>
    /// <param name="mayHaveWeights">False when all of them are known to have the weight 1.</param>
    public PickSets CreatePickSets(ServiceInstance[] serving, bool mayHaveWeights)
    {
        lock (_changing)
        {
            return new PickSets(serving, mayHaveWeights, _outliers.Instances, this);
        }
    }

    /// <summary>Replaces the known instances. An instance that was written again, or is gone, is not ejected any more.</summary>
    public void SetInstances(ServiceInstance[] instances)
    {
        lock (_changing)
        {
            _instances = instances;
            _version++;
            _outliers.End(ejection => !ReferenceEquals(InstanceOrder.Find(instances, ejection.Instance.Id), ejection.Instance));
        }
    }

    /// <summary>Whose turn it is within a scope. Takes a lock only for a scope that is new to the service.</summary>
    public RoundRobinCounter RoundRobinFor(string scope) => _turns.GetOrAdd(scope, static _ => new RoundRobinCounter());

    /// <summary>Where an instance's outstanding calls are counted.</summary>
    public int SlotFor(string id) => CallsTo(id).Slot;

    /// <summary>How many calls to an instance are outstanding.</summary>
    public int CountOutstanding(string id) => _calls.GetValueOrDefault(id)?.Outstanding ?? 0;

    /// <summary>Starts a call to an instance; <see cref="ServiceCall.None"/> when there is no such instance any more.</summary>
    public ServiceCall StartCall(string id)
    {
        // Read before the instances, and written after them: at worst a search is made in vain.
        var version = _version;
        var calls = _calls.GetValueOrDefault(id);
        if (calls?.PresentAt != version)
        {
            if (InstanceOrder.Find(_instances, id) is null)
            {
                return ServiceCall.None;
            }

            calls ??= CallsTo(id);
            calls.PresentAt = version;
        }

        calls.Start();
        return new OutstandingCall(this, calls);
    }

    /// <summary>Ends a call. The result of a call to an instance that is gone ejects nothing.</summary>
    /// <param name="calls">The calls to the instance.</param>
    /// <param name="succeeded">Whether the call succeeded; null when it was canceled.</param>
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

    /// <returns>Whether the instance is ejected now.</returns>
    private bool NoteFailure(InstanceCallState calls)
    {
        lock (_changing)
        {
            calls.Health = calls.Health.AfterFailure();
            if (InstanceOrder.Find(_instances, calls.Id) is not { } instance || !calls.Health.IsToBeEjected
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
                ForgetThoseGone();
            }

            if (!_calls.TryGetValue(id, out var calls))
            {
                _calls[id] = calls = new InstanceCallState(id, Outstanding, Outstanding.TakeSlot());
                _knownCalls++;
            }

            return calls;
        }
    }

    // As often as their number has doubled, so that it costs each of them little.
    private void ForgetThoseGone()
    {
        foreach (var (id, calls) in _calls)
        {
            if (calls.Outstanding == 0 && InstanceOrder.Find(_instances, id) is null)
            {
                _calls.TryRemove(id, out _);
                Outstanding.GiveBack(calls.Slot);
                _knownCalls--;
            }
        }

        _sweepAt = (2 * _knownCalls) + SpareCalls;
    }
}
