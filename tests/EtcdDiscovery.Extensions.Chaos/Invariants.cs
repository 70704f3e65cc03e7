using System.Globalization;

namespace EtcdDiscovery.Chaos;

/// <summary>What always has to hold between the hosts and their keys. Safe for concurrent use.</summary>
/// <param name="history">Where violations go.</param>
/// <param name="hasLeases">
/// Whether keys have leases, which a leader that goes on may revoke late; in v2 each key has a time of its own.
/// </param>
internal sealed class Invariants(History history, bool hasLeases)
{
    /// <summary>The value that a fault writes over a host's key.</summary>
    public const string Intruder = "overwritten by chaos";

    private readonly Lock _sync = new();
    private readonly Dictionary<string, TrackedHost> _hosts = [];
    private readonly Steadiness _etcd = new();
    private Excuse? _everybodysExcuse;
    private TimeSpan? _membersOutSince;
    private TimeSpan? _leaderBackAt;

    public void OnStarting(IEnumerable<string> hosts, FaultKind afterFault) =>
        Change(hosts, name => _hosts.Add(name, new TrackedHost(name, new Excuse(afterFault, Ended: null))));

    public void OnEnding(IEnumerable<string> hosts) => Change(hosts, name => _hosts[name].Phase = HostPhase.Ending);

    public void OnSilent(IEnumerable<string> hosts) =>
        Change(hosts, name => (_hosts[name].Phase, _hosts[name].SilentSince) = (HostPhase.Silent, history.Now));

    /// <summary>A fault hits hosts; their keys may be missing until it has ended, and for its bound after that.</summary>
    public void OnFault(IEnumerable<string> hosts, FaultKind kind) =>
        Change(hosts, name => _hosts[name].Excuse = new Excuse(kind, Ended: null));

    public void OnFaultEnded(IEnumerable<string> hosts, FaultKind kind) => Change(hosts, name =>
        (_hosts[name].Phase, _hosts[name].Excuse) = (HostPhase.Live, new Excuse(kind, history.Now)));

    /// <summary>A fault hits all hosts.</summary>
    public void OnFault(FaultKind kind) => ExcuseEverybody(kind, ended: false);

    public void OnFaultEnded(FaultKind kind) => ExcuseEverybody(kind, ended: true);

    public void OnMembersOut(int count, FaultKind kind)
    {
        lock (_sync)
        {
            foreach (var host in _hosts.Values.Where(MayHaveRenewalUnderWay))
            {
                host.SilentSince = history.Now;
            }

            _membersOutSince = count > 0 ? history.Now : null;
            _leaderBackAt = hasLeases && kind == FaultKind.LeaderStopped && count == 0 ? history.Now : _leaderBackAt;
            _etcd.OnMembersOut(count, history.Now);
            ExcuseEverybody(kind, ended: count == 0);
        }
    }

    public void OnDied(string process) => history.OnViolation($"process {process} has ended by itself");

    /// <summary>What was seen last of a host that is present; null of one that is not.</summary>
    public SeenKey? Find(string host)
    {
        lock (_sync)
        {
            return _hosts[host] is { IsPresent: true } found ? found.Seen : null;
        }
    }

    public void OnNoAnswer()
    {
        lock (_sync)
        {
            _etcd.OnSilence();
        }
    }

    /// <summary>Checks everything against what etcd held at some time between asking and its answer.</summary>
    public void Check(TimeSpan asked, TimeSpan answered, long? term, IReadOnlyList<SeenKey> keys)
    {
        lock (_sync)
        {
            _etcd.OnAnswer(answered, term);
            if (IsOver(_everybodysExcuse, asked))
            {
                _everybodysExcuse = null;
            }

            var seen = keys.ToLookup(key => key.Host);
            foreach (var host in _hosts.Values)
            {
                var own = seen[host.Name].ToList();
                CheckIdentity(host, own);
                if (host.Phase == HostPhase.Live)
                {
                    CheckPresence(host, own, asked, answered);
                }
                else
                {
                    CheckAbsence(host, own, asked);
                }

                host.Seen = own.LastOrDefault() ?? host.Seen;
            }
        }
    }

    private void CheckIdentity(TrackedHost host, List<SeenKey> own)
    {
        if (own.Count > 1)
        {
            Blame(host, "has two keys", string.Join(" and ", own.Select(key => key.Key)));
        }
        else if (own is [var key] && host.Seen is { } before && before.Key != key.Key)
        {
            Blame(host, "has another instance id", $"{key.Key}, was {before.Key}");
        }
    }

    private void CheckPresence(TrackedHost host, List<SeenKey> own, TimeSpan asked, TimeSpan answered)
    {
        var isPresent = own.Exists(key => key.Expires && key.Value != Intruder);
        host.MissedSince = isPresent ? null : host.MissedSince ?? asked;
        if (IsOver(host.Excuse, asked))
        {
            host.Excuse = null;
        }

        var excuse = host.Excuse ?? _everybodysExcuse;
        if (isPresent && !host.IsPresent)
        {
            host.Blamed.Remove("is missing");
            if (excuse?.Ended is { } ended)
            {
                history.OnBackAgain(excuse.Kind, answered - (ended > _etcd.Since ? ended : _etcd.Since));
            }
        }
        else if (!isPresent && excuse is null && !MayBeRevokedLate(host, asked))
        {
            Blame(host, "is missing", own is [var wrong] ? $"{wrong.Key} = {wrong.Value}" : host.Seen?.Key ?? "never seen");
        }

        host.IsPresent = isPresent;
    }

    private void CheckAbsence(TrackedHost host, List<SeenKey> own, TimeSpan asked)
    {
        (host.IsPresent, host.MissedSince) = (false, null);
        if (host.Phase != HostPhase.Silent || own.Count == 0 || MayHaveRenewalUnderWay(host))
        {
            return;
        }

        var age = asked - (host.SilentSince > _etcd.Since ? host.SilentSince : _etcd.Since);
        history.OnGhost(age);
        if (age > Bounds.TimeToLive + Bounds.GhostSlack)
        {
            Blame(host, "is a ghost", string.Create(CultureInfo.InvariantCulture, $"{own[0].Key} after {age.TotalSeconds:F1} s"));
        }
    }

    // What a host sent to a frozen member, or through one, is done as soon as that goes on.
    private bool MayHaveRenewalUnderWay(TrackedHost host) =>
        host.Phase == HostPhase.Silent && host.SilentSince >= _membersOutSince;

    // By a leader that was stopped; it has to be back as soon as after any other revocation.
    private bool MayBeRevokedLate(TrackedHost host, TimeSpan now) =>
        host.MissedSince is { } since && since < _leaderBackAt + Bounds.LateRevocation
        && now <= _etcd.Due(since, Bounds.Missing(FaultKind.SessionEnded)!.Value);

    private bool IsOver(Excuse? excuse, TimeSpan now) =>
        excuse is { Ended: { } ended } && now > _etcd.Due(ended, Bounds.Missing(excuse.Kind)!.Value);

    private void ExcuseEverybody(FaultKind kind, bool ended)
    {
        lock (_sync)
        {
            if (Bounds.Missing(kind) is not null)
            {
                _everybodysExcuse = new Excuse(kind, ended ? history.Now : null);
            }
        }
    }

    private void Blame(TrackedHost host, string what, string key)
    {
        if (host.Blamed.Add(what))
        {
            history.OnViolation($"{host.Name} {what}: {key}");
        }
    }

    private void Change(IEnumerable<string> hosts, Action<string> change)
    {
        lock (_sync)
        {
            foreach (var host in hosts)
            {
                change(host);
            }
        }
    }
}
