using System.Diagnostics;
using System.Diagnostics.Metrics;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Http;

/// <summary>Counts the attempts of requests, and traces each as the parent of the HTTP client's own activity.</summary>
internal sealed class AttemptTelemetry(Meter meter)
{
    private const string Outcome = "etcd_discovery.outcome";

    private readonly Counter<long> _attempts = meter.CreateCounter<long>(
        "etcd_discovery.http.attempts", "{attempt}", "How many times requests were sent to an instance, by outcome.");

    public static Activity? Start(Call call, ServiceInstance instance, int number)
    {
        if (!Telemetry.IsTraced)
        {
            return null;
        }

        var activity = Telemetry.Start("etcd_discovery.attempt", new() { { Telemetry.Service, instance.ServiceName }, { Telemetry.Instance, instance.Id } });
        if (activity is not null)
        {
            activity.SetTag("etcd_discovery.attempt", number);
            if (call.Query.Shard is { } shard)
            {
                activity.SetTag("etcd_discovery.shard", shard);
            }
        }

        return activity;
    }

    /// <summary>Ends an attempt.</summary>
    /// <param name="activity">Its activity; null if it has none.</param>
    /// <param name="service">The service.</param>
    /// <param name="succeeded">Whether the instance responded; null if the attempt says nothing about it.</param>
    /// <param name="error">Why there is no response; null if there is one.</param>
    public void End(Activity? activity, string service, bool? succeeded, Exception? error)
    {
        var outcome = succeeded switch { true => "response", false => "instance_failed", null => "cancelled" };
        if (_attempts.Enabled)
        {
            Telemetry.Count(_attempts, 1, new() { { Telemetry.Service, service }, { Outcome, outcome } });
        }

        activity?.SetTag(Outcome, outcome);
        Telemetry.End(activity, error);
    }
}
