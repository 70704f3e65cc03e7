using System.Diagnostics;
using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>How instances withdraw, and how others learn the reason, on a real etcd.</summary>
public sealed class DrainTests(SharedEtcd etcd)
{
    private const string Draining = """{"name":"h.dev","ports":{"http":"80"},"status":"draining"}""";

    private readonly string _service = UniqueName.Of("web");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Prefix => $"/services/{_service}/";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_Stopping_DrainsWhileServingThenWithdrawsThenStops(EtcdVersion version)
    {
        var delay = TimeSpan.FromSeconds(1);
        var server = await etcd.GetAsync(version);
        await using var watcher = await DiscoveryHost.StartAsync(server.Settings());
        await using var app = await StartWebAsync(server, delay);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        await using var downs = new DrainReader(watcher.Resolver, _service);
        Assert.Equal("Up", await downs.NextAsync());

        var watch = Stopwatch.StartNew();
        var stopping = app.StopAsync(Token);
        Assert.Equal("Down Unregistered", await downs.NextAsync());

        // Marked as draining, but still registered and serving.
        Assert.Contains("\"status\":\"draining\"", Assert.Single(await server.ReadAsync(Prefix)).Value, StringComparison.Ordinal);
        Assert.Equal("here", await http.GetStringAsync("/", Token));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, delay);
        while ((await server.ReadAsync(Prefix)).Count > 0)
        {
            var answers = await AnswersAsync(http);
            Assert.True(answers || (await server.ReadAsync(Prefix)).Count == 0, "The server stopped while the instance was registered.");
        }

        Assert.InRange(watch.Elapsed, delay * 0.9, delay + TimeSpan.FromSeconds(3));
        await stopping;
        Assert.False(await AnswersAsync(http));
    }

    [Theory]
    [InlineData("00:01:00", true)]
    [InlineData("00:00:00.1", false)]
    public async Task Host_ShutdownTimeoutIsShorterThanDrainDelay_LogsAWarning(string delay, bool isWarned)
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = "InMemory", ["Service:Name"] = _service, ["DrainDelay"] = delay },
            builder => builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(1)));
        await host.RegisteredAsync();

        await host.StopAsync();

        Assert.Equal(isWarned, host.Logs.Of("DrainCutShort").Any());
    }

    [Fact]
    public async Task Host_OneOfTwoServicesCannotBeWritten_DrainsTheOther()
    {
        var delay = TimeSpan.FromSeconds(3);
        await using var memory = new InMemoryDiscoveryStore();
        var store = new RefusingStore(memory);
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "refused", ["DrainDelay"] = $"{delay:c}" },
            builder => builder.Services.AddEtcdDiscovery().UseStore(_ => store));
        await host.RegisteredAsync();
        await RegisterAsync(host);
        store.Refusal = key => key.StartsWith(Prefix, StringComparison.Ordinal) ? null : new EtcdDiscoveryException("Refused.");
        await using var downs = new DrainReader(host.Resolver, _service);
        Assert.Equal("Up", await downs.NextAsync());

        var stopping = host.StopAsync();
        Assert.Equal("Down Unregistered", await downs.NextAsync());
        var told = Stopwatch.StartNew();
        await Eventually.TrueAsync(
            async () => (await memory.ReadAsync([StoreRange.Prefix(Prefix)], Token)).Entries.Count == 0, "it is withdrawn");

        Assert.InRange(told.Elapsed, delay * 0.9, Eventually.Patience);
        await stopping;
    }

    [Fact]
    public async Task Registration_Withdrawn_IsDownAsUnregistered()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var watcher = await DiscoveryHost.StartAsync(server.Settings());
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var registration = await RegisterAsync(host);
        await using var downs = new DrainReader(watcher.Resolver, _service);
        Assert.Equal("Up", await downs.NextAsync());

        await registration.DisposeAsync();

        Assert.Equal("Down Unregistered", await downs.NextAsync());
        Assert.Empty(await server.ReadAsync(Prefix));
    }

    // Not a registered host's instance, which would be restored before a reader notices.
    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Instance_ExpiredOrDeletedByOthers_IsDownAsExpired(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var watcher = await DiscoveryHost.StartAsync(server.Settings());
        await using var changes = new DrainReader(watcher.Resolver, _service);

        await PutUnderLeaseAsync(server, 2);
        Assert.Equal("Up", await changes.NextAsync());
        Assert.Equal("Down Expired", await changes.NextAsync());

        var lease = await PutUnderLeaseAsync(server, 60);
        Assert.Equal("Up", await changes.NextAsync());
        await server.RevokeAsync(lease);
        Assert.Equal("Down Expired", await changes.NextAsync());

        lease = await PutUnderLeaseAsync(server, 60);
        Assert.Equal("Up", await changes.NextAsync());
        await server.DeleteAsync(Prefix);
        Assert.Equal("Down Expired", await changes.NextAsync());
        await server.RevokeAsync(lease);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Instance_InMaintenance_IsInTheSnapshotButNotPicked(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var (a, b) = (await RegisterAsync(host), await RegisterAsync(host));
        var resolver = host.Resolver;
        await using var changes = new DrainReader(resolver, _service);
        Assert.Equal("Up", await changes.NextAsync());
        Assert.Equal("Up", await changes.NextAsync());

        await a.SetStatusAsync(ServiceStatus.Maintenance, "disk full", Token);

        Assert.Equal("Down Maintenance", await changes.NextAsync());
        Assert.Equal(ServiceStatus.Maintenance, a.Status);
        Assert.Equal(RegistrationState.Registered, a.State);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(b.InstanceId, (await resolver.GetInstanceAsync(_service, cancellationToken: Token)).Id);
            Assert.Equal(2, (await resolver.GetUriAsync(_service, "http", cancellationToken: Token)).Port);
        }

        Assert.Equal(b.InstanceId, (await resolver.GetFirstInstanceAsync(_service, cancellationToken: Token)).Id);
        Assert.Equal([b.InstanceId], (await resolver.GetInstancesAsync(_service, cancellationToken: Token)).Select(instance => instance.Id));
        var snapshot = await resolver.GetSnapshotAsync(_service, cancellationToken: Token);
        Assert.Equal(
            [(a.InstanceId, ServiceStatus.Maintenance, "disk full"), (b.InstanceId, ServiceStatus.Serving, null)],
            snapshot.Instances.OrderBy(instance => instance.Id != a.InstanceId)
                .Select(instance => (instance.Id, instance.Status, instance.StatusReason)));

        await a.SetStatusAsync(ServiceStatus.Serving, cancellationToken: Token);

        Assert.Equal("Up", await changes.NextAsync());
        Assert.Equal(2, (await resolver.GetInstancesAsync(_service, cancellationToken: Token)).Count);
        Assert.DoesNotContain("status", (await server.FindAsync(Prefix + a.InstanceId))!.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Instances_AllDraining_LeaveNoneToPick(bool isDescribed)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        await server.PutAllAsync([(Prefix + "a", Draining), (Prefix + "b", Draining)]);
        if (isDescribed)
        {
            await server.PutAsync($"/services_infos/{_service}", $$"""{"name":"{{_service}}","critical":false}""");
        }

        var resolver = host.Resolver;
        await Assert.ThrowsAsync<NoInstanceFoundException>(async () => await resolver.GetInstanceAsync(_service, cancellationToken: Token));
        await Assert.ThrowsAsync<NoInstanceFoundException>(async () => await resolver.GetFirstInstanceAsync(_service, cancellationToken: Token));
        await Assert.ThrowsAsync<NoInstanceFoundException>(async () => await resolver.GetInstancesAsync(_service, cancellationToken: Token));
        await Assert.ThrowsAsync<NoInstanceFoundException>(async () => await resolver.GetUriAsync(_service, "http", cancellationToken: Token));
        Assert.Equal(2, (await resolver.GetSnapshotAsync(_service, cancellationToken: Token)).Instances.Length);
    }

    private static async Task<bool> AnswersAsync(HttpClient http)
    {
        try
        {
            return await http.GetStringAsync("/", Token) == "here";
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<string> PutUnderLeaseAsync(EtcdServer server, int seconds)
    {
        var lease = (string)(await server.PostAsync("/v3/lease/grant", new() { ["TTL"] = seconds }))["ID"]!;
        await server.PostAsync("/v3/kv/put", new()
        {
            ["key"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Prefix + "go")),
            ["value"] = Convert.ToBase64String("""{"name":"h.dev"}"""u8),
            ["lease"] = lease,
        });
        return lease;
    }

    private async Task<WebApplication> StartWebAsync(EtcdServer server, TimeSpan drainDelay)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(server.Settings(_service)
            .Append(new("DrainDelay", $"{drainDelay:c}"))
            .Select(setting => KeyValuePair.Create($"EtcdDiscovery:{setting.Key}", setting.Value)));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        DiscoveryHost.Prepare(builder, new LogCapture());
        var app = builder.Build();
        app.MapGet("/", () => "here");
        await app.StartAsync(Token);
        var registration = Assert.Single(app.Services.GetRequiredService<IServiceRegistry>().Registrations);
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        return app;
    }

    private async Task<IServiceRegistration> RegisterAsync(DiscoveryHost host)
    {
        var registration = host.Registry.Register(
            new ServiceRegistrationOptions
            {
                Name = _service,
                Hostname = "h.dev",
                Ports = new Dictionary<string, string> { ["http"] = $"{host.Registry.Registrations.Count + 1}" },
            });
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        return registration;
    }
}
