using System.Collections;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Diagnostics;

/// <summary>The reports of the health check, which like the logs never contain secrets.</summary>
public sealed class HealthCheckTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Check_OfARegisteredHost_IsHealthyWithData(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings(_service));
        await host.Resolver.GetInstanceAsync(_service, cancellationToken: Token);

        var check = await host.CheckAsync();

        Assert.Equal((HealthStatus.Healthy, "Registered."), (check.Status, check.Description));
        Assert.Null(check.Exception);
        Assert.Equal("Registered", check.Data["state"]);
        Assert.Equal(host.Registration.InstanceId, check.Data["instanceId"]);
        Assert.Equal([server.Endpoint], Assert.IsAssignableFrom<IEnumerable<string>>(check.Data["endpoints"]));
        Assert.InRange((double)check.Data["leaseAge"], 0, 5);
        Assert.Equal(5.0, check.Data["leaseTimeToLive"]);
        var watched = Assert.IsAssignableFrom<IReadOnlyDictionary<string, string>>(check.Data["watchedServices"]);
        Assert.Equal("live, 1 instances", Assert.Contains(_service, watched));
    }

    [Fact]
    public async Task Check_WithUnreadableEntries_CountsThem()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await server.PutAsync($"/services/{_service}/bad", "{");
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token);

        var check = await host.CheckAsync();

        Assert.Equal(HealthStatus.Healthy, check.Status);
        var watched = Assert.IsAssignableFrom<IReadOnlyDictionary<string, string>>(check.Data["watchedServices"]);
        Assert.Equal("live, 0 instances, 1 unreadable entries", watched[_service]);
        Assert.DoesNotContain("state", check.Data);
        Assert.DoesNotContain("leaseAge", check.Data);
    }

    [Fact]
    public async Task Check_ConsumerWithEtcdDown_IsDegradedAndStatesTheAge()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync("/services/shop/a", """{"name":"a.dev","ports":null}""");
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token);

        await server.KillAsync();

        var check = await host.WaitForHealthAsync(HealthStatus.Degraded);
        Assert.Matches("^Service 'shop' is served from a snapshot that is [0-9.]+ s old: Etcd at .*$", check.Description);
        var watched = Assert.IsAssignableFrom<IReadOnlyDictionary<string, string>>(check.Data["watchedServices"]);
        Assert.Matches("^stale for [0-9.]+ s, 1 instances$", watched["shop"]);
        await server.RestartAsync(wipe: false);
        await host.WaitForHealthAsync(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Check_RenewalLateOrLeaseLost_IsDegraded()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings("shop"));

        server.Pause();

        var late = await host.WaitForHealthAsync(HealthStatus.Degraded);
        Assert.StartsWith("The registration was last renewed ", late.Description, StringComparison.Ordinal);
        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()) is { Status: HealthStatus.Degraded } check && check.Data["state"] is "RenewingLate",
            "the state is RenewingLate");
        var lost = await host.WaitForLostRegistrationAsync();
        Assert.StartsWith("Service 'shop' is not registered any more: ", lost.Description, StringComparison.Ordinal);
        Assert.EndsWith(". The operators of etcd have to act.", lost.Description, StringComparison.Ordinal);
        server.Continue();
        await host.WaitForHealthAsync(HealthStatus.Healthy);
    }

    [Fact]
    public async Task Check_ServiceNeverRead_IsUnhealthy()
    {
        await using var host = await DiscoveryHost.StartAsync(new() { ["Etcd:Endpoints:0"] = "http://127.0.0.1:1" });
        await Assert.ThrowsAsync<EtcdDiscoveryException>(async () => await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token));

        var check = await host.CheckAsync();

        Assert.Equal(
            (HealthStatus.Unhealthy, "Service 'shop' could not be read yet: Etcd at http://127.0.0.1:1: connection refused. "
                + "The operators of etcd have to act, unless EtcdDiscovery:Etcd:Endpoints is wrong."),
            (check.Status, check.Description));
    }

    [Fact]
    public async Task Check_PermissionDeniedAfterRegistration_IsDegradedAndNamesTheRole()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings("shop"));

        fake.Fault = method => method == FakeEtcd.Txn ? FakeFault.PermissionDenied : null;
        var changing = host.Registration.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token);
        var denied = await host.WaitForHealthAsync(HealthStatus.Degraded);
        Assert.StartsWith("A change of service 'shop' is not in etcd yet: ", denied.Description, StringComparison.Ordinal);
        Assert.Contains("; grant one of the roles of EtcdDiscovery:Etcd:User ", denied.Description, StringComparison.Ordinal);

        fake.Fault = _ => FakeFault.PermissionDenied;
        var lost = await host.WaitForLostRegistrationAsync();
        Assert.StartsWith("Service 'shop' is not registered any more: ", lost.Description, StringComparison.Ordinal);
        Assert.False(changing.IsCompleted);
    }

    [Fact]
    public async Task Check_AnotherServiceRegisteredInAnOutage_IsDegraded()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings("shop"));
        await server.KillAsync();
        await host.WaitForLostRegistrationAsync();

        var admin = host.Registry.Register(new() { Name = "admin", Hostname = "h.dev" });

        Assert.Equal(RegistrationState.Registering, admin.State);
        Assert.Equal(HealthStatus.Degraded, (await host.CheckAsync()).Status);
        await server.RestartAsync(wipe: false);
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        Assert.Equal(RegistrationState.Registered, admin.State);
    }

    [Fact]
    public async Task Check_RegisteredHostQueriesAnUnknownNameInAnOutage_IsDegraded()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings(_service));
        await server.KillAsync();

        await Assert.ThrowsAsync<EtcdDiscoveryException>(() => host.Resolver.GetSnapshotAsync("unknown", cancellationToken: Token).AsTask());

        var check = await host.CheckAsync();
        Assert.Equal(HealthStatus.Degraded, check.Status);
        Assert.StartsWith("Service 'unknown' could not be read yet: ", check.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_HostInMaintenanceOrStopped_IsHealthy()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings("shop"));

        await host.Registration.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token);
        var maintenance = await host.CheckAsync();
        await host.StopAsync();
        var stopped = await host.CheckAsync();

        Assert.Equal((HealthStatus.Healthy, "Registered."), (maintenance.Status, maintenance.Description));
        Assert.Equal((HealthStatus.Healthy, "Withdrawn: the application is stopping."), (stopped.Status, stopped.Description));
    }

    [Fact]
    public async Task Check_AddedTwice_IsRegisteredOnce()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = "InMemory" }, builder => builder.Services.AddHealthChecks().AddEtcdDiscovery().AddEtcdDiscovery());

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);

        Assert.Equal(["etcd-discovery"], report.Entries.Keys);
    }

    [Fact]
    public void Check_ByDefault_HasNameAndTagAndNoTimeout()
    {
        using var provider = new ServiceCollection().AddHealthChecks().AddEtcdDiscovery().Services.BuildServiceProvider();

        var registration = Assert.Single(provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations);

        Assert.Equal("etcd-discovery", registration.Name);
        Assert.Equal(["ready"], registration.Tags);
        Assert.Equal(HealthStatus.Unhealthy, registration.FailureStatus);
        Assert.Equal(Timeout.InfiniteTimeSpan, registration.Timeout);
    }

    [Fact]
    public async Task Check_Configured_UsesTheConfiguration()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "shop", ["Etcd:Endpoints:0"] = "http://127.0.0.1:1" },
            builder => builder.Services.AddHealthChecks().AddEtcdDiscovery(
                "discovery", HealthStatus.Degraded, ["live", "mesh"], TimeSpan.FromSeconds(7)));

        var registration = Assert.Single(
            host.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations, check => check.Name == "discovery");
        Assert.Equal(["live", "mesh"], registration.Tags.Order(StringComparer.Ordinal));
        Assert.Equal(TimeSpan.FromSeconds(7), registration.Timeout);
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        Assert.Equal(HealthStatus.Degraded, report.Entries["discovery"].Status);
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["etcd-discovery"].Status);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Secrets_OverTheWholeLifecycle_AreNotLoggedOrReported(EtcdVersion version)
    {
        const string Secret = "s3cret-marker";
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await server.PutAllAsync([
            ("/services/shop/bad", $"{{\"password\":\"{Secret}\""),
            ("/services/shop/odd", $$"""{"name":"h@st","ports":{"http":"80","x":"{{Secret[..3]}}"},"user":"u","password":"{{Secret}}"}""")]);
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings("shop"))
        {
            ["TimeToLive"] = "00:00:02",
            ["Service:Hostname"] = "h.dev",
            ["Service:Ports:http"] = "80",
            ["Service:Public"] = "true",
            ["Service:User"] = "user",
            ["Service:Password"] = Secret,
        });
        var reported = new List<string?> { Text(await host.CheckAsync()) };
        var instances = await host.Resolver.GetInstancesAsync("shop", cancellationToken: Token);
        reported.AddRange(instances.Select(instance => instance.ToString()));
        reported.Add((await host.Resolver.GetServiceAsync("shop", Token)).ToString());
        reported.Add((await host.Resolver.GetSnapshotAsync("shop", cancellationToken: Token)).ToString());
        reported.Add($"{host.Registration} {host.Registration.Credentials}");
        foreach (var instance in instances)
        {
            reported.Add(Record.Exception(() => instance.GetUri("nope"))?.ToString());
            reported.Add(Record.Exception(() => instance.GetUri("http"))?.ToString());
        }

        await server.KillAsync();
        reported.Add(Text(await host.WaitForLostRegistrationAsync()));
        await server.RestartAsync(wipe: true);
        reported.Add(Text(await host.WaitForHealthAsync(HealthStatus.Healthy)));
        await host.StopAsync();
        reported.Add(Text(await host.CheckAsync()));

        Assert.Equal(Secret, instances.Single(instance => instance.Hostname == "h.dev").Credentials?.Password);
        Assert.All(reported, text => Assert.DoesNotContain(Secret, text ?? "", StringComparison.Ordinal));
        Assert.NotEmpty(host.Logs.Of("EntryUnreadable"));
        Assert.All(host.Logs.Lines, line => Assert.DoesNotContain(Secret, line.ToString(), StringComparison.Ordinal));
    }

    private static string Text(HealthReportEntry entry) =>
        $"{entry.Description} {entry.Exception} {string.Join(' ', entry.Data.Select(pair => $"{pair.Key}={Text(pair.Value)}"))}";

    private static string Text(object value) => value is IEnumerable items and not string
        ? string.Join(' ', items.Cast<object>().Select(item => item.ToString()))
        : $"{value}";
}
