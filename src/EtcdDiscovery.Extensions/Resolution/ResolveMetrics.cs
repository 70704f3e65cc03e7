using System.Diagnostics.Metrics;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Counts the queries that failed. Answered queries are not counted, because counting would take longer than answering.</summary>
internal sealed class ResolveMetrics(Meter meter)
{
    private readonly Counter<long> _failures = meter.CreateCounter<long>(
        "etcd_discovery.resolve.failures", "{failure}", "How many queries for a snapshot or an instance failed.");

    public void OnFailed(EtcdDiscoveryException error) => Telemetry.Count(_failures, 1, new() { { Telemetry.ErrorType, KindOf(error) } });

    private static string KindOf(EtcdDiscoveryException error) => error switch
    {
        ServiceNotFoundException => "service_not_found",
        NoInstanceOnShardException => "no_instance_on_shard",
        NoInstanceFoundException => "no_instance",
        UnknownSchemeException => "unknown_scheme",
        { IsTransient: true } => "transient",
        _ => "permanent",
    };
}
