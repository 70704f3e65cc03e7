using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>The health check that <c>AddEtcdDiscovery("etcd")</c> adds. <c>TelemetryTests</c> covers what it exports.</summary>
public sealed class ObservabilityTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void HealthCheck_ByDefault_IsAddedOnceForReadiness()
    {
        var checks = ChecksOf(builder =>
        {
            builder.AddEtcdDiscovery("etcd");
            builder.AddEtcdDiscovery("etcd");
        });

        Assert.Equal("etcd-discovery [ready]", Describe(Assert.Single(checks)));
    }

    [Fact]
    public void HealthCheck_WithoutConnectionName_IsNotAdded() => Assert.Empty(ChecksOf(builder =>
    {
        builder.AddEtcdDiscovery();
        builder.Services.AddHealthChecks();
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void HealthCheck_AddedByTheApplicationToo_IsTheOneOfTheApplication(bool isAddedBefore)
    {
        var checks = ChecksOf(builder =>
        {
            if (isAddedBefore)
            {
                Add(builder);
            }

            builder.AddEtcdDiscovery("etcd");
            if (!isAddedBefore)
            {
                Add(builder);
            }
        });

        Assert.Equal("etcd-discovery [critical]", Describe(Assert.Single(checks)));

        static void Add(HostApplicationBuilder builder) => builder.Services.AddHealthChecks().AddEtcdDiscovery(tags: ["critical"]);
    }

    [Fact]
    public void HealthCheck_AddedByTheApplicationUnderAnotherName_IsNotAddedTwice()
    {
        var checks = ChecksOf(builder =>
        {
            builder.AddEtcdDiscovery("etcd");
            builder.Services.AddHealthChecks().AddEtcdDiscovery("discovery");
        });

        Assert.Equal("discovery [ready]", Describe(Assert.Single(checks)));
    }

    [Theory]
    [InlineData("true", null, 0)]
    [InlineData(null, true, 0)]
    [InlineData("true", false, 1)]
    [InlineData("false", true, 0)]
    [InlineData("", null, 1)]
    public void HealthCheck_DisabledBySettingOrDelegate_IsNotAdded(string? setting, bool? byDelegate, int expected)
    {
        var checks = ChecksOf(builder =>
        {
            builder.AddEtcdDiscovery("etcd", settings => settings.DisableHealthChecks = byDelegate ?? settings.DisableHealthChecks);
            builder.AddEtcdDiscovery("etcd");
            // The settings are read at start, so it does not matter that this source is added later.
            builder.Configuration.AddInMemoryCollection([new("EtcdDiscovery:DisableHealthChecks", setting)]);
        });

        Assert.Equal(expected, checks.Count);
    }

    [Fact]
    public void HealthCheck_DisabledButAddedByTheApplication_IsKept() => Assert.Single(ChecksOf(builder =>
    {
        builder.AddEtcdDiscovery("etcd", settings => settings.DisableHealthChecks = true);
        builder.Services.AddHealthChecks().AddEtcdDiscovery();
    }));

    [Fact]
    public async Task HealthCheck_DiscoveryDisabled_IsHealthy()
    {
        var builder = NewBuilder();
        builder.AddEtcdDiscovery("etcd", configureOptions: options => options.Enabled = false);
        using var host = builder.Build();
        await host.StartAsync(Token);

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        await host.StopAsync(Token);

        Assert.Equal(
            (HealthStatus.Healthy, "Disabled: EtcdDiscovery:Enabled is false."),
            (report.Entries["etcd-discovery"].Status, report.Entries["etcd-discovery"].Description));
    }

    [Fact]
    public async Task Settings_Malformed_AreReportedWithAllOtherProblems()
    {
        var builder = NewBuilder();
        builder.Configuration.AddInMemoryCollection(
        [
            new("EtcdDiscovery:DisableHealthChecks", "yes"),
            new("EtcdDiscovery:TimeToLive", "5s"),
        ]);
        builder.AddEtcdDiscovery("etcd");
        using var host = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

        Assert.Equal(2, error.Failures.Count());
        Assert.Contains("EtcdDiscovery:DisableHealthChecks is 'yes': expected true or false.", error.Failures);
    }

    private static List<HealthCheckRegistration> ChecksOf(Action<HostApplicationBuilder> configure)
    {
        var builder = NewBuilder();
        configure(builder);
        using var host = builder.Build();
        return [.. host.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations];
    }

    private static HostApplicationBuilder NewBuilder()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:etcd", "http://127.0.0.1:1")]);
        return builder;
    }

    private static string Describe(HealthCheckRegistration check) => $"{check.Name} [{string.Join(' ', check.Tags)}]";
}
