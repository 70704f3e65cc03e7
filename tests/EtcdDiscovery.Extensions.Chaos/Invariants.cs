using System.Globalization;

namespace EtcdDiscovery.Chaos;

/// <summary>Checks the invariants between hosts and their keys. Safe for concurrent use.</summary>
/// <param name="history">Records violations.</param>
/// <param name="hasLeases">
/// Whether keys have leases, which a leader that resumes may revoke late; in v2 each key has its own time to live.
/// </param>
internal sealed class Invariants(History history, bool hasLeases)
{
    /// <summary>The value with which a fault overwrites a host's key.</summary>
    public const string OverwrittenValue = "overwritten by chaos";

    private readonly Lock _sync = new();
    private readonly Dictionary<string, TrackedHost> _hosts = [];
    private readonly Availability _etcd = new();
    private Excuse? _clusterExcuse;
    private TimeSpan? _membersUnavailableSince;
    private TimeSpan? _leaderBackAt;

    public void OnStarting(IEnumerable<string> hosts, FaultKind afterFault) =>
        Change(hosts, name => _hosts.Add(name, new TrackedHost(name, new Excuse(afterFault, Ended: null))));

    public void OnEnding(IEnumerable<string> hosts) => Change(hosts, name => _hosts[name].Phase = HostPhase.Ending);

    public void OnSilent(IEnumerable<string> hosts) =>
        Change(hosts, name => (_hosts[name].Phase, _hosts[name].SilentSince) = (HostPhase.Silent, history.Now));

    /// <summary>A fault affects hosts; their keys may be missing until it ends, and for its bound afterwards.</summary>
    public void OnFault(IEnumerable<string> hosts, FaultKind kind) =>
        Change(hosts, name => _hosts[name].Excuse = new Excuse(kind, Ended: null));

    public void OnFaultEnded(IEnumerable<string> hosts, FaultKind kind) => Change(hosts, name =>
        (_hosts[name].Phase, _hosts[name].Excuse) = (HostPhase.Live, new Excuse(kind, history.Now)));

    /// <summary>A fault affects all hosts.</summary>
    public void OnFault(FaultKind kind) => ExcuseAllHosts(kind, ended: false);

    public void OnFaultEnded(FaultKind kind) => ExcuseAllHosts(kind, ended: true);

    public void OnMembersUnavailable(int count, FaultKind kind)
    {
        lock (_sync)
        {
            foreach (var host in _hosts.Values.Where(MayHaveRenewalInFlight))
            {
                host.SilentSince = history.Now;
            }

            _membersUnavailableSince = count > 0 ? history.Now : null;
            _leaderBackAt = hasLeases && kind == FaultKind.LeaderStopped && count == 0 ? history.Now : _leaderBackAt;
            _etcd.OnMembersUnavailable(count, history.Now);
            ExcuseAllHosts(kind, ended: count == 0);
        }
    }

    public void OnUnexpectedExit(string process, int exitCode) => history.OnViolation(ExitOf(process, exitCode));

    public static string ExitOf(string process, int exitCode) =>
        string.Create(CultureInfo.InvariantCulture, $"process {process} exited unexpectedly with code {exitCode}");

    /// <summary>The key of a host as last seen; null if the host is not present.</summary>
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
            _etcd.OnNoAnswer();
        }
    }

    /// <summary>Checks all invariants against the contents of etcd at some time between request and answer.</summary>
    public void Check(TimeSpan asked, TimeSpan answered, long? term, IReadOnlyList<SeenKey> keys)
    {
        lock (_sync)
        {
            _etcd.OnAnswer(answered, term);
            if (IsOver(_clusterExcuse, asked))
            {
                _clusterExcuse = null;
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
            ReportOnce(host, "has two keys", string.Join(" and ", own.Select(key => key.Key)));
        }
        else if (own is [var key] && host.Seen is { } before && before.Key != key.Key)
        {
            ReportOnce(host, "has another instance id", $"{key.Key}, was {before.Key}");
        }
    }

    private void CheckPresence(TrackedHost host, List<SeenKey> own, TimeSpan asked, TimeSpan answered)
    {
        var isPresent = own.Exists(key => key.Expires && key.Value != OverwrittenValue);
        host.MissedSince = isPresent ? null : host.MissedSince ?? asked;
        if (IsOver(host.Excuse, asked))
        {
            host.Excuse = null;
        }

        var excuse = host.Excuse ?? _clusterExcuse;
        if (isPresent && !host.IsPresent)
        {
            host.Reported.Remove("is missing");
            if (excuse?.Ended is { } ended)
            {
                history.OnReregistered(excuse.Kind, answered - (ended > _etcd.Since ? ended : _etcd.Since));
            }
        }
        else if (!isPresent && excuse is null && !MayBeRevokedLate(host, asked))
        {
            ReportOnce(host, "is missing", own is [var wrong] ? $"{wrong.Key} = {wrong.Value}" : host.Seen?.Key ?? "never seen");
        }

        host.IsPresent = isPresent;
    }

    private void CheckAbsence(TrackedHost host, List<SeenKey> own, TimeSpan asked)
    {
        (host.IsPresent, host.MissedSince) = (false, null);
        if (host.Phase != HostPhase.Silent || own.Count == 0 || MayHaveRenewalInFlight(host))
        {
            return;
        }

        var age = asked - (host.SilentSince > _etcd.Since ? host.SilentSince : _etcd.Since);
        history.OnGhost(age);
        if (age > Bounds.TimeToLive + Bounds.GhostSlack)
        {
            ReportOnce(host, "is a ghost", string.Create(CultureInfo.InvariantCulture, $"{own[0].Key} after {age.TotalSeconds:F1} s"));
        }
    }

    // A paused member may process the requests that it received from a host as soon as it resumes.
    private bool MayHaveRenewalInFlight(TrackedHost host) =>
        host.Phase == HostPhase.Silent && host.SilentSince >= _membersUnavailableSince;

    // A leader that was paused may revoke late; the key must return as quickly as after any other revocation.
    private bool MayBeRevokedLate(TrackedHost host, TimeSpan now) =>
        host.MissedSince is { } since && since < _leaderBackAt + Bounds.LateRevocation
        && now <= _etcd.Due(since, Bounds.Missing(FaultKind.SessionEnded)!.Value);

    private bool IsOver(Excuse? excuse, TimeSpan now) =>
        excuse is { Ended: { } ended } && now > _etcd.Due(ended, Bounds.Missing(excuse.Kind)!.Value);

    private void ExcuseAllHosts(FaultKind kind, bool ended)
    {
        lock (_sync)
        {
            if (Bounds.Missing(kind) is not null)
            {
                _clusterExcuse = new Excuse(kind, ended ? history.Now : null);
            }
        }
    }

    private void ReportOnce(TrackedHost host, string what, string key)
    {
        if (host.Reported.Add(what))
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
