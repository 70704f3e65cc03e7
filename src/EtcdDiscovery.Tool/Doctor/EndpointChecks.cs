using System.Globalization;
using System.Net;
using EtcdDiscovery.Primitives;
using Etcdserverpb;

namespace EtcdDiscovery.Tool.Doctor;

/// <summary>Checks one endpoint: whether it answers, how fast, its version, leader, clock and v2 API.</summary>
internal sealed class EndpointChecks(EtcdMember member, DiscoveryStoreKind store)
{
    private const int Samples = 5;

    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100);

    // The Date header has a resolution of one second.
    private static readonly TimeSpan Skewed = TimeSpan.FromSeconds(3);

    private static readonly Version OldestVersion = new(3, 4);

    /// <summary>Whether the endpoint has answered, and has the API of the store.</summary>
    public bool IsUsable { get; private set; }

    /// <summary>The id of its cluster; 0 if it is unknown.</summary>
    public ulong ClusterId { get; private set; }

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        try
        {
            using var version = await member.SendAsync(HttpMethod.Get, "/version", withLogin: false, null, cancellationToken);
            findings.Add(Finding.Ok("endpoint", member.Name, "reachable"));
            findings.Add(CheckClock(version));
            var v2 = await CheckV2Async(cancellationToken);
            findings.Add(v2);
            IsUsable = v2.Severity == Severity.Ok;
        }
        catch (Exception error) when (member.Describe(error) is { } reason && !cancellationToken.IsCancellationRequested)
        {
            findings.Add(Finding.Problem(
                "endpoint", member.Name, reason, "start etcd there, or correct EtcdDiscovery:Etcd:Endpoints (--endpoints, ETCD_HOSTS, ETCD_HOST)"));
            return findings;
        }

        try
        {
            findings.AddRange(await CheckStatusAsync(cancellationToken));
        }
        catch (Exception error) when (member.Describe(error) is { } reason && !cancellationToken.IsCancellationRequested)
        {
            findings.Add(store == DiscoveryStoreKind.Etcd
                ? Finding.Problem("version", member.Name, $"does not answer gRPC: {reason}", "use a client URL of etcd, and make sure that proxies forward HTTP/2")
                : Finding.Warning("version", member.Name, $"does not answer gRPC: {reason}", "not needed for the v2 API"));
        }

        return findings;
    }

    private Finding CheckClock(HttpResponseMessage response)
    {
        if (response.Headers.Date is not { } date)
        {
            return Finding.Ok("clock", member.Name, "unknown: its responses have no Date header");
        }

        var skew = TimeProvider.System.GetUtcNow() - date;
        var text = string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(skew.TotalSeconds):0} s {(skew < TimeSpan.Zero ? "ahead of" : "behind")} this machine");
        return skew.Duration() < Skewed
            ? Finding.Ok("clock", member.Name, $"within {Skewed.TotalSeconds:0} s of this machine's")
            : Finding.Warning("clock", member.Name, text, "synchronize both clocks (NTP); certificates and logs depend on them");
    }

    private async Task<Finding> CheckV2Async(CancellationToken cancellationToken)
    {
        using var response = await member.SendAsync(HttpMethod.Get, "/v2/keys/", withLogin: true, null, cancellationToken);
        var isJson = response.Content.Headers.ContentType?.MediaType == "application/json";
        var isOn = isJson && response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        return isOn ? Finding.Ok("v2", member.Name, "the v2 keys API is enabled")
            : store == DiscoveryStoreKind.EtcdV2 ? Finding.Problem(
                "v2", member.Name, "the v2 keys API is disabled, and EtcdDiscovery:Store is EtcdV2", "start etcd 3.4 or 3.5 with --enable-v2, or use --store Etcd")
            : Finding.Ok("v2", member.Name, "the v2 keys API is disabled, and not used");
    }

    private async Task<IReadOnlyList<Finding>> CheckStatusAsync(CancellationToken cancellationToken)
    {
        var latencies = new List<TimeSpan>();
        StatusResponse status;
        do
        {
            var start = TimeProvider.System.GetTimestamp();
            status = await member.CallAsync(options => member.Maintenance.StatusAsync(new StatusRequest(), options), null, cancellationToken);
            latencies.Add(TimeProvider.System.GetElapsedTime(start));
        }
        while (latencies.Count <= Samples);

        ClusterId = status.Header.ClusterId;
        // The first request opens the connection.
        latencies.RemoveAt(0);
        latencies.Sort();
        return [CheckVersion(status), CheckLeader(status), CheckLatency(latencies[latencies.Count / 2]), .. CheckAlarms(status)];
    }

    private Finding CheckVersion(StatusResponse status)
    {
        var text = LogSanitizer.Sanitize(status.Version);
        return Version.TryParse(text.Split('-')[0], out var version) && version >= OldestVersion
            ? Finding.Ok("version", member.Name, $"etcd {text}")
            : Finding.Problem("version", member.Name, $"etcd {text}", $"update etcd to {OldestVersion} or later");
    }

    private Finding CheckLeader(StatusResponse status) => status.Leader == 0
        ? Finding.Problem("leader", member.Name, "the cluster has no leader: nothing can be read or registered", "start the members that are down; more than half must be running")
        : Finding.Ok("leader", member.Name, status.Leader == status.Header.MemberId ? "this member is the leader" : $"member {status.Leader:x} is the leader");

    private Finding CheckLatency(TimeSpan median)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{median.TotalMilliseconds:0.0} ms");
        return median < Slow
            ? Finding.Ok("latency", member.Name, text)
            : Finding.Warning("latency", member.Name, text, "check the load on this member and on the network to it; slow responses delay lease renewals");
    }

    private IEnumerable<Finding> CheckAlarms(StatusResponse status) => status.Errors
        // The leader check reports a missing leader.
        .Where(error => !error.Contains("no leader", StringComparison.OrdinalIgnoreCase))
        .Select(error => Finding.Problem(
            "alarm",
            member.Name,
            LogSanitizer.Sanitize(error),
            error.Contains("NOSPACE", StringComparison.Ordinal)
                ? "compact and defragment etcd, then run: etcdctl alarm disarm"
                : "see etcd's log"));
}
