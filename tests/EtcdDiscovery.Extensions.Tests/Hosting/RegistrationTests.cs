using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Wire;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>What a host writes to a real etcd when it starts, runs and stops.</summary>
public sealed class RegistrationTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Prefix => $"/services/{_service}/";

    private string InfoKey => $"/services_infos/{_service}";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_WithAPublicService_WritesInstanceAndDescription(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Public(server));

        var id = host.Registration.InstanceId;
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-node-1[.]internal[.]dev$", id);
        var instance = Assert.Single(await server.ReadAsync(Prefix));
        Assert.Equal(
            (Prefix + id,
            $$"""
            {"name":"public-domain.dev","service_name":"{{_service}}","ports":{"http":"80","https":"443"},"user":"user","password":"secret","public":true,"private_hostname":"node-1.internal.dev","private_ports":{"http":"8080"},"critical":true,"shard":"shard-0","uuid":"{{id}}"}
            """),
            (instance.Key, instance.Value));
        Assert.Equal(
            new EtcdEntry(
                InfoKey,
                $$"""
                {"name":"{{_service}}","critical":true,"hostname":"public-domain.dev","user":"user","password":"secret","ports":{"http":"80","https":"443"},"public":true}
                """,
                Lease: null),
            await server.FindAsync(InfoKey));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_WithAPrivateService_WritesADescriptionWithTheNameOnly(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings(_service))
        {
            ["Service:Hostname"] = "h.dev",
            ["Service:Ports:http"] = "80",
            ["Service:User"] = "user",
            ["Service:Password"] = "secret",
        });

        var id = host.Registration.InstanceId;
        Assert.EndsWith("-h.dev", id, StringComparison.Ordinal);
        Assert.Equal(
            $$"""
            {"name":"h.dev","service_name":"{{_service}}","ports":{"http":"80"},"user":"user","password":"secret","private_hostname":"h.dev","private_ports":{"http":"80"},"uuid":"{{id}}"}
            """,
            Assert.Single(await server.ReadAsync(Prefix)).Value);
        Assert.Equal(new EtcdEntry(InfoKey, PrivateInfo, Lease: null), await server.FindAsync(InfoKey));
    }

    [Fact]
    public async Task Host_WithANameOnly_UsesDefaults()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings(_service));

        var id = host.Registration.InstanceId;
        Assert.EndsWith("-" + DiscoveryHost.NodeHostname, id, StringComparison.Ordinal);
        var instance = Assert.Single(await server.ReadAsync(Prefix));
        Assert.Equal(
            $$"""
            {"name":"","service_name":"{{_service}}","ports":null,"private_hostname":"node-1.test","uuid":"{{id}}"}
            """,
            instance.Value);
        Assert.Equal(TimeSpan.FromSeconds(5), await server.GrantedAsync(instance.Lease!));
    }

    [Fact]
    public async Task Host_WithoutHOSTNAME_UsesTheMachineName()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings(_service), environment: []);

        Assert.EndsWith("-" + Environment.MachineName, (await host.RegisteredAsync()).InstanceId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Registry_RecordedGoHosts_WritesTheSameKeysAndValues(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        var cases = GoldenTests.Accepted.Select(name => GoldenCase.Load(name)).ToList();
        foreach (var sameNode in cases.GroupBy(golden => golden.NodeHostname, StringComparer.Ordinal))
        {
            await using var host = await DiscoveryHost.StartAsync(server.Settings(), environment: new() { ["HOSTNAME"] = sameNode.Key });
            foreach (var golden in sameNode)
            {
                var registration = host.Registry.Register(golden.Options);
                await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);

                var id = registration.InstanceId;
                Assert.Equal(golden.InstanceValue(id), (await server.FindAsync(golden.InstanceKey(id)))?.Value);
                Assert.Equal(golden.InfoValue, (await server.FindAsync(golden.InfoKey))?.Value);
            }
        }
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_WithATimeToLive_UsesItForTheLease(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(new(Public(server)) { ["TimeToLive"] = "00:00:07" });

        Assert.Equal(TimeSpan.FromSeconds(7), await server.GrantedAsync(await LeaseAsync(server)));
        Assert.Null((await server.FindAsync(InfoKey))!.Lease);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_Stopped_DeletesTheInstanceAndKeepsTheDescription(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Public(server));
        var lease = await LeaseAsync(server);
        var registration = host.Registration;

        await host.StopAsync();

        Assert.Empty(await server.ReadAsync(Prefix));
        Assert.NotNull(await server.FindAsync(InfoKey));
        Assert.Null(await server.GrantedAsync(lease));
        Assert.Equal(RegistrationState.Withdrawn, registration.State);
        Assert.Empty(host.Registry.Registrations);
        Assert.Throws<ObjectDisposedException>(
            () => host.Registry.Register(new ServiceRegistrationOptions { Name = "late" }));
    }

    [Fact]
    public async Task Host_RunningForLongerThanItsTimeToLive_StaysRegistered()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings(_service)) { ["TimeToLive"] = "00:00:02" });
        var lease = await LeaseAsync(server);
        var registered = TimeProvider.System.GetTimestamp();

        await Eventually.TrueAsync(
            async () =>
            {
                Assert.Equal(lease, await LeaseAsync(server));
                return TimeProvider.System.GetElapsedTime(registered) > TimeSpan.FromSeconds(4.5);
            },
            "two times to live have passed");

        Assert.Equal(RegistrationState.Registered, host.Registration.State);
    }

    [Fact]
    public async Task PrivateHost_OfAPublicService_KeepsTheDescriptionAndWarns()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var first = await DiscoveryHost.RegisterAsync(Public(server));
        var before = await server.FindAsync(InfoKey);

        await using var second = await DiscoveryHost.RegisterAsync(new(server.Settings(_service)) { ["Service:Hostname"] = "h.dev" });

        Assert.Equal(before, await server.FindAsync(InfoKey));
        Assert.Equal(2, (await server.ReadAsync(Prefix)).Count);
        Assert.Contains($"delete the key {InfoKey} in etcd, prefixed with EtcdDiscovery:KeyPrefix if that is set", Assert.Single(second.Logs.Of("DescribedAsPublic")).Message, StringComparison.Ordinal);
        Assert.Empty(first.Logs.Of("DescribedAsPublic"));
    }

    [Fact]
    public async Task PublicHost_OfAPrivateService_UpdatesTheDescription()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var first = await DiscoveryHost.RegisterAsync(server.Settings(_service));
        Assert.Equal(PrivateInfo, (await server.FindAsync(InfoKey))!.Value);

        await using var second = await DiscoveryHost.RegisterAsync(Public(server));

        Assert.Contains("\"public\":true", (await server.FindAsync(InfoKey))!.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Hosts_OfOneService_RegisterAndWithdrawIndependently(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var a = await DiscoveryHost.RegisterAsync(server.Settings(_service));
        await using var b = await DiscoveryHost.RegisterAsync(server.Settings(_service));
        await using var c = await DiscoveryHost.RegisterAsync(server.Settings(_service));
        string[] ids = [a.Registration.InstanceId, b.Registration.InstanceId, c.Registration.InstanceId];
        Assert.Equal(
            ids.Order(StringComparer.Ordinal),
            (await a.Resolver.GetInstancesAsync(_service, cancellationToken: Token)).Select(instance => instance.Id));

        await b.StopAsync();

        Assert.Equal(
            ids.Where(id => id != ids[1]).Order(StringComparer.Ordinal).Select(id => Prefix + id),
            (await server.ReadAsync(Prefix)).Select(entry => entry.Key));
        await Eventually.TrueAsync(
            async () => (await c.Resolver.GetInstancesAsync(_service, cancellationToken: Token)).Count == 2, "c sees that b is gone");
    }

    [Fact]
    public async Task Registrations_OfOneProcess_ShareOneLease()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings(_service));
        var second = host.Registry.Register(new ServiceRegistrationOptions { Name = _service, Hostname = "b.dev" });
        await second.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);

        var entries = await server.ReadAsync(Prefix);
        Assert.Equal(2, entries.Count);
        Assert.Single(entries.Select(entry => entry.Lease).Distinct());

        await second.DisposeAsync();

        Assert.Equal(Prefix + host.Registration.InstanceId, Assert.Single(await server.ReadAsync(Prefix)).Key);
        Assert.Equal(RegistrationState.Withdrawn, second.State);
        Assert.Equal(RegistrationState.Registered, host.Registration.State);
    }

    [Fact]
    public async Task Registry_UsedConcurrently_KeepsWhatIsNotWithdrawn()
    {
        const int Count = 60;
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        var registrations = await Task.WhenAll(Enumerable.Range(0, Count).Select(i => Task.Run(
            async () =>
            {
                var options = new ServiceRegistrationOptions { Name = _service, Hostname = $"h{i}.dev" };
                var registration = host.Registry.Register(options);
                await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
                if (i % 2 == 1)
                {
                    await registration.DisposeAsync();
                }

                return registration;
            },
            Token)));

        var kept = registrations.Where((_, i) => i % 2 == 0).Select(registration => registration.InstanceId).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(kept, (await server.ReadAsync(Prefix)).Select(entry => entry.Key[Prefix.Length..]).ToHashSet(StringComparer.Ordinal));
        Assert.Equal(kept, host.Registry.Registrations.Select(registration => registration.InstanceId).ToHashSet(StringComparer.Ordinal));
        Assert.Single((await server.ReadAsync(Prefix)).Select(entry => entry.Lease).Distinct());
    }

    [Fact]
    public async Task Registry_UsedBeforeTheHostStarts_RegistersAtOnceAndWithdrawsWithTheHost()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using (var host = DiscoveryHost.Build(server.Settings()))
        {
            var registration = host.Registry.Register(new ServiceRegistrationOptions { Name = _service });
            await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
            Assert.Single(await server.ReadAsync(Prefix));
        }

        Assert.Empty(await server.ReadAsync(Prefix));
    }

    [Fact]
    public async Task Host_ConfiguredByEnvironmentVariables_Registers()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        // A unique prefix, because all tests share the environment of the process.
        var prefix = UniqueName.Of("T") + "_";
        Dictionary<string, string> variables = new()
        {
            ["EtcdDiscovery__Etcd__Endpoints__0"] = server.Endpoint,
            ["EtcdDiscovery__TimeToLive"] = "00:00:09",
            ["EtcdDiscovery__Service__Name"] = _service,
            ["EtcdDiscovery__Service__Hostname"] = "h.dev",
            ["EtcdDiscovery__Service__Ports__http"] = "80",
            ["EtcdDiscovery__Service__Ports__https"] = "443",
            ["EtcdDiscovery__Service__Public"] = "true",
            ["EtcdDiscovery__Service__PrivateHostname"] = "n.dev",
            ["EtcdDiscovery__Service__PrivatePorts__http"] = "8080",
            ["EtcdDiscovery__Service__Critical"] = "True",
            ["EtcdDiscovery__Service__Shard"] = "s0",
            ["EtcdDiscovery__Service__User"] = "u",
            ["EtcdDiscovery__Service__Password"] = "p",
        };
        foreach (var (name, value) in variables)
        {
            Environment.SetEnvironmentVariable(prefix + name, value);
        }

        await using var host = await DiscoveryHost.StartAsync([], builder => builder.Configuration.AddEnvironmentVariables(prefix));

        var id = (await host.RegisteredAsync()).InstanceId;
        var instance = Assert.Single(await server.ReadAsync(Prefix));
        Assert.Equal(
            $$"""
            {"name":"h.dev","service_name":"{{_service}}","ports":{"http":"80","https":"443"},"user":"u","password":"p","public":true,"private_hostname":"n.dev","private_ports":{"http":"8080"},"critical":true,"shard":"s0","uuid":"{{id}}"}
            """,
            instance.Value);
        Assert.Equal(TimeSpan.FromSeconds(9), await server.GrantedAsync(instance.Lease!));
    }

    [Fact]
    public async Task Host_LeaseRevokedExternally_RegistersAgainUnderTheSameId()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.RegisterAsync(new(Public(server)) { ["TimeToLive"] = "00:00:02" });
        var (id, lease) = (host.Registration.InstanceId, await LeaseAsync(server));

        await server.RevokeAsync(lease);

        await Eventually.TrueAsync(
            async () => (await server.ReadAsync(Prefix)) is [{ Lease: { } now } back] && now != lease && back.Key == Prefix + id,
            "the instance is registered again under another lease");
        await Eventually.TrueAsync(() => Task.FromResult(host.Registration.State == RegistrationState.Registered), "it is registered");
        Assert.Equal(id, host.Registration.InstanceId);
        Assert.Single(host.Logs.Of("SessionLost"));
    }

    [Theory]
    [InlineData("00:00:01", 1)]
    [InlineData("00:00:04.5", 0)]
    [InlineData("00:00:05", 0)]
    public async Task TimeToLive_RaisedByEtcd_LogsOneWarning(string timeToLive, int warnings)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings(_service)) { ["TimeToLive"] = timeToLive });
        await host.RegisteredAsync();

        Assert.Equal(warnings, host.Logs.Of("TimeToLiveRaised").Count());
        Assert.All(host.Logs.Of("TimeToLiveRaised"), line => Assert.Contains("is 00:00:01, but the store has granted 00:00:02", line.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Host_DisposedSynchronouslyWithoutStop_LetsTheInstanceExpire()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["EtcdDiscovery:Etcd:Endpoints:0"] = server.Endpoint;
        builder.Configuration["EtcdDiscovery:Service:Name"] = _service;
        builder.Configuration["EtcdDiscovery:Service:WarnIfUnreachable"] = "false";
        builder.Configuration["EtcdDiscovery:TimeToLive"] = "00:00:02";
        var logs = new LogCapture();
        DiscoveryHost.Prepare(builder, logs);
        using (var host = builder.Build())
        {
            await host.StartAsync(Token);
            await host.Services.GetRequiredService<IServiceRegistry>().Registrations[0]
                .WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
            Assert.NotNull(await host.Services.GetRequiredService<IServiceResolver>().GetInstanceAsync(_service, cancellationToken: Token));
        }

        await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 0, "the instance has expired");
        Assert.DoesNotContain(logs.Lines, line => line.Level >= LogLevel.Warning);
    }

    private string PrivateInfo => $$"""{"name":"{{_service}}","critical":false}""";

    private Dictionary<string, string?> Public(EtcdServer server) => new(server.Settings(_service))
    {
        ["Service:Hostname"] = "public-domain.dev",
        ["Service:Ports:https"] = "443",
        ["Service:Ports:http"] = "80",
        ["Service:Public"] = "true",
        ["Service:PrivateHostname"] = "node-1.internal.dev",
        ["Service:PrivatePorts:http"] = "8080",
        ["Service:Critical"] = "true",
        ["Service:Shard"] = "shard-0",
        ["Service:User"] = "user",
        ["Service:Password"] = "secret",
    };

    private async Task<string> LeaseAsync(EtcdServer server) => Assert.Single(await server.ReadAsync(Prefix)).Lease!;
}
