using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Diagnostics;

/// <summary>The diagnostics that the library offers to an application.</summary>
public sealed class DiscoveryDiagnosticsTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Explain_InstancesOfEveryKind_StatesWhyEachIsExcluded()
    {
        await using var host = await StartAsync(
            New("a"),
            New("b") with { Status = ServiceStatus.Draining },
            New("c") with { Shard = "other" },
            New("d") with { Zone = "far" },
            New("e"),
            New("f") with { Ports = new ServiceMap([new("grpc", "1")]) },
            New("g"),
            New("h"));
        await EjectAsync(host, "g");
        var query = new ServiceQuery { Shard = "s", PreferredZone = "near", Excluding = ["e"], Scheme = "http" };

        var explanation = await DiagnosticsOf(host).ExplainAsync(Service, query, Token);

        Assert.Equal(
            [
                ("a", InstanceExclusions.None),
                ("b", InstanceExclusions.Status),
                ("c", InstanceExclusions.Shard),
                ("d", InstanceExclusions.PreferredZone),
                ("e", InstanceExclusions.Excluded),
                ("f", InstanceExclusions.Port),
                ("g", InstanceExclusions.Ejected),
                ("h", InstanceExclusions.None),
            ],
            explanation.Instances.Select(instance => (instance.Instance.Id, instance.Exclusions)));
        var lines = explanation.ToString().Split('\n');
        Assert.StartsWith("shop: 2 of 8 instances are candidates (Live as of ", lines[0], StringComparison.Ordinal);
        Assert.Equal("a: candidate (shard s, zone near)", lines[1]);
        Assert.Equal("b: left out: Status (status Draining, shard s, zone near)", lines[2]);
        Assert.StartsWith("g: left out: Ejected (shard s, zone near, ejected until ", lines[7], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_OnlyInstanceIsEjected_IsACandidate()
    {
        await using var host = await StartAsync(New("a"));
        await EjectAsync(host, "a");

        var instance = Assert.Single((await DiagnosticsOf(host).ExplainAsync(Service, cancellationToken: Token)).Instances);

        Assert.True(instance.IsCandidate);
        Assert.NotNull(instance.EjectedUntil);
    }

    [Fact]
    public async Task Explain_OutstandingCall_IsCounted()
    {
        await using var host = await StartAsync(New("a"));
        using var call = host.Resolver.StartCall(await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token));

        Assert.Equal(1, Assert.Single((await DiagnosticsOf(host).ExplainAsync(Service, cancellationToken: Token)).Instances).OutstandingCalls);
    }

    [Fact]
    public async Task Explain_UnknownService_HasNoInstances()
    {
        await using var host = await StartAsync();

        var explanation = await DiagnosticsOf(host).ExplainAsync("other", cancellationToken: Token);

        Assert.Equal("other: nothing is known about it", explanation.ToString());
        Assert.Empty(explanation.Instances);
    }

    [Fact]
    public async Task Ejections_AfterAFailedCall_ContainTheInstanceUntilACallSucceeds()
    {
        await using var host = await StartAsync(New("a"), New("b"));
        var before = DateTimeOffset.UtcNow;

        await EjectAsync(host, "b");

        var ejection = Assert.Single(DiagnosticsOf(host).GetEjections());
        Assert.Equal("b", ejection.Instance.Id);
        Assert.InRange(ejection.EndsAt, before.AddSeconds(1), DateTimeOffset.UtcNow.AddSeconds(2));
        using var call = host.Resolver.StartCall(ejection.Instance);
        call.Complete(succeeded: true);
        Assert.Empty(DiagnosticsOf(host).GetEjections());
        Assert.Equal(
            [(DiscoveryEventKind.InstanceEjected, "b"), (DiscoveryEventKind.EjectionEnded, "b")],
            DiagnosticsOf(host).GetTimeline().TakeLast(2).Select(entry => (entry.Kind, entry.InstanceId)));
    }

    [Fact]
    public async Task Timeline_OfAService_ContainsItsReadAndChanges()
    {
        await using var host = await StartAsync(New("a"));
        await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);

        await PutAsync(host, New("b"));
        await EventuallyAsync(host, DiscoveryEventKind.InstanceUp);
        await PutAsync(host, New("b") with { Status = ServiceStatus.Maintenance });
        await EventuallyAsync(host, DiscoveryEventKind.InstanceDown);

        Assert.Equal(
            [
                (DiscoveryEventKind.ServiceRead, null, "1 instance"),
                (DiscoveryEventKind.InstanceUp, "b", null),
                (DiscoveryEventKind.InstanceDown, "b", "Maintenance"),
            ],
            DiagnosticsOf(host).GetTimeline().Where(entry => entry.ServiceName == Service)
                .Select(entry => (entry.Kind, entry.InstanceId, entry.Detail)));
    }

    [Fact]
    public async Task Timeline_OfMoreThanAThousandEvents_ContainsTheLastThousand()
    {
        await using var host = await StartAsync();
        await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);

        await PutAsync(host, [.. Enumerable.Range(0, 1_100).Select(i => New($"i{i:0000}"))]);

        await Eventually.TrueAsync(() => Task.FromResult(DiagnosticsOf(host).GetTimeline() is [.., { InstanceId: "i1099" }]), "all are up");
        Assert.Equal((1_000, "i0100"), (DiagnosticsOf(host).GetTimeline().Count, DiagnosticsOf(host).GetTimeline()[0].InstanceId));
    }

    [Fact]
    public async Task Lease_OfARegisteredHost_HasItsTimeToLive()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = "InMemory", ["TimeToLive"] = "00:00:07", ["Service:Name"] = Service, ["Service:Hostname"] = "h" });
        await host.Registration.WaitUntilRegisteredAsync(Token);

        var lease = DiagnosticsOf(host).Lease;

        Assert.NotNull(lease);
        Assert.Equal((TimeSpan.FromSeconds(7), null), (lease.TimeToLive, lease.Failure));
        Assert.InRange(lease.Age, TimeSpan.Zero, TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task Timeline_OfARegistration_ContainsItsStates()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = "InMemory", ["Service:Name"] = Service, ["Service:Hostname"] = "h" });
        await host.Registration.WaitUntilRegisteredAsync(Token);

        await host.Registration.DisposeAsync();

        Assert.Equal(["Registered", "Withdrawn"], DiagnosticsOf(host).GetTimeline()
            .Where(entry => entry.Kind == DiscoveryEventKind.RegistrationChanged).Select(entry => entry.Detail));
    }

    [Fact]
    public async Task Lease_OfAHostWithoutRegistration_IsNull()
    {
        await using var host = await StartAsync();

        Assert.Null(DiagnosticsOf(host).Lease);
    }

    [Fact]
    public async Task Diagnostics_DiscoveryDisabled_AreEmptyOrStateTheReason()
    {
        await using var host = await DiscoveryHost.StartAsync(new() { ["Enabled"] = "false" });

        Assert.Empty(await host.Services.GetRequiredService<IServiceDirectory>().GetServiceNamesAsync(Token));
        Assert.Empty(DiagnosticsOf(host).GetEjections());
        var error = await Assert.ThrowsAsync<ServiceNotFoundException>(
            async () => await DiagnosticsOf(host).ExplainAsync(Service, cancellationToken: Token));
        Assert.Contains("EtcdDiscovery:Enabled is false", error.Message, StringComparison.Ordinal);
    }

    private static IDiscoveryDiagnostics DiagnosticsOf(DiscoveryHost host) => host.Services.GetRequiredService<IDiscoveryDiagnostics>();

    private static Task EventuallyAsync(DiscoveryHost host, DiscoveryEventKind kind) => Eventually.TrueAsync(
        () => Task.FromResult(DiagnosticsOf(host).GetTimeline().Any(entry => entry.Kind == kind)), $"{kind} is in the timeline");

    private static async Task EjectAsync(DiscoveryHost host, string id)
    {
        var snapshot = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
        using var call = host.Resolver.StartCall(snapshot.Instances.Single(instance => instance.Id == id));
        call.Complete(succeeded: false);
    }

    private static async Task<DiscoveryHost> StartAsync(params ServiceInstance[] instances)
    {
        var host = await DiscoveryHost.StartAsync(new() { ["Store"] = "InMemory" });
        await PutAsync(host, instances);
        return host;
    }

    private static async Task PutAsync(DiscoveryHost host, params ServiceInstance[] instances)
    {
        var session = await host.Services.GetRequiredService<IDiscoveryStore>().OpenSessionAsync(TimeSpan.FromHours(1), Token);
        await session.TryPutAsync(
            [.. instances.Select(instance => new StorePut(ServiceKeys.Instance(Service, instance.Id), ServiceJson.Encode(instance)))], Token);
    }

    private static ServiceInstance New(string id) => new()
    {
        Id = id,
        ServiceName = Service,
        Hostname = id,
        Ports = new ServiceMap([new("http", "80")]),
        Shard = "s",
        Zone = "near",
    };
}
