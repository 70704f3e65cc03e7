using System.Globalization;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Benchmarks;

/// <summary>A selection of etcd's own counters.</summary>
/// <param name="RaftWrites">The proposals that Raft has committed: puts, and leases granted and revoked.</param>
/// <param name="Calls">The calls that clients have started. A stream is one call.</param>
/// <param name="Messages">The messages that clients have sent: one per unary call, any number per stream.</param>
internal sealed record EtcdCounters(double RaftWrites, double Calls, double Messages)
{
    public static async Task<EtcdCounters> ReadAsync(EtcdServer server)
    {
        using var http = new HttpClient();
        var lines = (await http.GetStringAsync(new Uri(server.Endpoint + "/metrics"))).Split('\n');
        double Sum(string name) => lines
            .Where(line => line.StartsWith(name + ' ', StringComparison.Ordinal) || line.StartsWith(name + '{', StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

        return new EtcdCounters(
            Sum("etcd_server_proposals_applied_total"),
            Sum("grpc_server_started_total"),
            Sum("grpc_server_msg_received_total"));
    }
}
