using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>What picking from one service has to remember from one snapshot to the next: calls, turns, ejections.</summary>
/// <remarks>
/// Ejections are rare and picks are not: so a pick only reads a set, and an ejection, or the end of one, makes another set.
/// </remarks>
internal sealed partial class BalancerState : IDisposable
{
    private const int SpareCalls = 64;

    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, InstanceCallState> _calls = new(concurrencyLevel: 1, capacity: 1, StringComparer.Ordinal);
    private readonly Dictionary<string, RoundRobinCounter> _turns = new(StringComparer.Ordinal);
    private readonly OutlierDetector _ejections;
    private readonly Lock _changing = new();
    private volatile ServiceView _snapshot = ServiceView.Nothing;
    private volatile PickSets? _current;
    private volatile InstanceSet? _usual;
    private int _knownCalls;
    private int _sweepAt = SpareCalls;

    public BalancerState(TimeProvider timeProvider, ILogger? logger = null)
    {
        _logger = logger ?? NullLogger.Instance;
        _ejections = new OutlierDetector(timeProvider, Return);
    }

    /// <summary>How many calls are outstanding, at the place of each instance.</summary>
    public OutstandingCounts Outstanding { get; } = new();

    /// <summary>What is picked from when nothing is asked for; null until <see cref="PickSetsFor"/> was asked since the last change.</summary>
    public InstanceSet? DefaultSet => _usual;

    /// <summary>What can be picked of a snapshot.</summary>
    public PickSets PickSetsFor(ServiceView snapshot) =>
        _current is { } current && current.Snapshot == snapshot ? current : Renew(snapshot);

    /// <summary>There is a newer snapshot.</summary>
    public void Publish(ServiceView snapshot)
    {
        lock (_changing)
        {
            _snapshot = snapshot;
            // Who was written anew is given another chance, and who is gone needs none.
            _ejections.End(ejection => snapshot.Find(ejection.Instance.Id) != (object)ejection.Instance);
            Forget();
        }
    }

    public RoundRobinCounter RoundRobinFor(string scope)
    {
        lock (_changing)
        {
            return _turns.TryGetValue(scope, out var known) ? known : _turns[scope] = new RoundRobinCounter();
        }
    }

    /// <summary>Where an instance's outstanding calls are counted.</summary>
    public int SlotFor(string id) => (_calls.TryGetValue(id, out var calls) ? calls : AddCalls(id)).Place;

    /// <summary>Notes how a call to an instance went. Instances that are not there any more are ignored.</summary>
    public void Report(string id, CallOutcome outcome)
    {
        if (!_calls.TryGetValue(id, out var calls))
        {
            if (_snapshot.Find(id) is null)
            {
                return;
            }

            calls = AddCalls(id);
        }

        if (outcome == CallOutcome.Started)
        {
            calls.Start();
            return;
        }

        calls.End();
        if (outcome == CallOutcome.Failed)
        {
            NoteFailure(calls, id);
        }
        else if (outcome == CallOutcome.Succeeded && !calls.IsWell)
        {
            NoteSuccess(calls, id);
        }
    }

    public void Dispose()
    {
        lock (_changing)
        {
            _ejections.Dispose();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private PickSets Renew(ServiceView snapshot)
    {
        lock (_changing)
        {
            var renewed = new PickSets(snapshot, _ejections.Instances, this);
            // Somebody who is late may still be asking about an older one.
            if (snapshot == _snapshot)
            {
                _current = renewed;
                _usual = renewed.All;
            }

            return renewed;
        }
    }

    private void Forget()
    {
        _current = null;
        _usual = null;
    }

    private void NoteFailure(InstanceCallState calls, string id)
    {
        lock (_changing)
        {
            calls.Health = calls.Health.AfterFailure();
            if (_snapshot.Find(id) is { } instance && calls.Health.IsToBeEjected
                && _ejections.Add(instance, calls.Health.Ejections + 1) is { } time)
            {
                calls.Health = calls.Health.AfterEjection();
                Forget();
                Log.Ejected(_logger, LogSanitizer.Sanitize(instance.Id), instance.ServiceName, time);
            }
        }
    }

    private void NoteSuccess(InstanceCallState calls, string id)
    {
        lock (_changing)
        {
            calls.Health = InstanceHealth.AfterSuccess();
            End(ejection => ejection.Instance.Id == id);
        }
    }

    private void Return(object? ended)
    {
        lock (_changing)
        {
            End(ejection => ejection == ended);
        }
    }

    private void End(Predicate<Ejection> match)
    {
        foreach (var ended in _ejections.End(match))
        {
            Forget();
            Log.Returned(_logger, LogSanitizer.Sanitize(ended.Instance.Id), ended.Instance.ServiceName);
        }
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
                _calls[id] = calls = new InstanceCallState(Outstanding, Outstanding.TakePlace());
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
            if (calls.Outstanding == 0 && _snapshot.Find(id) is null)
            {
                _calls.TryRemove(id, out _);
                Outstanding.GiveBack(calls.Place);
                _knownCalls--;
            }
        }

        _sweepAt = (2 * _knownCalls) + SpareCalls;
    }
}
