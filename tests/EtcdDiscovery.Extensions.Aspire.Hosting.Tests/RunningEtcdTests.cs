using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary>A real etcd, as a process, accepts the arguments of the container and passes its health check.</summary>
public sealed class RunningEtcdTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HealthCheck_EtcdIsStartedThenKilled_IsHealthyThenUnhealthy()
    {
        await using var process = new EtcdProcess();
        var url = new Uri(process.GetConnectionString());
        var builder = AppHosts.Create();
        var etcd = builder.AddEtcd("etcd")
            .WithEndpoint("client", endpoint => endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, url.Host, url.Port));
        await using var app = builder.Build();
        // Except for the data directory, which the process has already.
        foreach (var argument in (await AppHosts.ArgumentsOfAsync(app, etcd.Resource)).Skip(2))
        {
            process.Arguments.Add(argument
                .Replace("0.0.0.0", url.Host, StringComparison.Ordinal)
                .Replace("2379", url.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        }

        await process.StartAsync(Token);
        await builder.Eventing.PublishAsync(new BeforeResourceStartedEvent(etcd.Resource, app.Services), Token);

        Assert.Equal(HealthStatus.Healthy, await CheckAsync(app, etcd.Resource));

        await process.KillAsync();

        Assert.Equal(HealthStatus.Unhealthy, await CheckAsync(app, etcd.Resource));
    }

    private static async Task<HealthStatus> CheckAsync(DistributedApplication app, EtcdResource etcd)
    {
        var key = Assert.Single(etcd.Annotations.OfType<HealthCheckAnnotation>()).Key;
        var report = await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == key, Token);
        return report.Entries[key].Status;
    }
}
