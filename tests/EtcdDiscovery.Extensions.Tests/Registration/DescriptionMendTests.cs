using EtcdDiscovery.Etcd;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.Infrastructure;
using Etcdserverpb;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>When another writer changes the description, the hosts of a public service make few calls.</summary>
public sealed class DescriptionMendTests : IAsyncDisposable
{
    private const int Hosts = 20;
    private const string Key = "/services_infos/shop";

    private readonly List<(SessionLoop Loop, EtcdStore Store, ServiceRegistration Registration)> _hosts = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"name":"shop","critical":false}""")]
    [InlineData("""{"name":"shop","critical":false,"hostname":"other.dev","ports":{"http":"81"},"public":true}""")]
    [InlineData("nonsense")]
    [InlineData(null)]
    public async Task Description_DamagedByAnotherWriter_IsRestoredWithFewCalls(string? value)
    {
        await using var fake = await FakeEtcd.StartAsync();
        await StartAsync(fake);
        var before = Calls(fake);

        var spoilt = fake.Data.Commit(value is null ? Delete() : Put(value))!.Header.Revision;
        await Eventually.TrueAsync(() => Task.FromResult(_hosts.All(host => IsSettledAfter(host.Registration, spoilt))), "the description is restored");

        Report(Calls(fake) - before);
        Assert.InRange(Calls(fake) - before, 1, 2 * Hosts);
        Assert.All(_hosts, host => Assert.Equal("user", host.Registration.Credentials!.User));
    }

    [Fact]
    public async Task Credentials_SetByAnotherWriter_CostOneWritePerHost()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await StartAsync(fake);
        var before = Calls(fake);

        fake.Data.Commit(Put(
            """{"name":"shop","critical":false,"hostname":"h.dev","user":"new","password":"p","ports":{"http":"80"},"public":true}"""));
        await Eventually.TrueAsync(() => Task.FromResult(_hosts.All(host =>
            host.Registration is { IsStored: true, Credentials.User: "new" } && !host.Registration.ReconcileState.NeedsWrite(host.Loop.Session.Current))), "all agree");

        Report(Calls(fake) - before);
        Assert.Equal(Hosts, Calls(fake) - before);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (loop, store, _) in _hosts)
        {
            loop.Dispose();
            await store.DisposeAsync();
        }
    }

    private async Task StartAsync(FakeEtcd fake)
    {
        for (var i = 0; i < Hosts; i++)
        {
            var store = EtcdStores.Create(TimeSpan.FromSeconds(30), fake.Endpoint);
            var loop = new SessionLoop(
                store,
                new SessionSettings(TimeSpan.FromMinutes(1), TimeSpan.Zero, new Backoff(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(2))),
                TimeProvider.System,
                NullLoggerFactory.Instance);
            var options = new ServiceRegistrationOptions
            {
                Name = "shop",
                Public = true,
                Hostname = "h.dev",
                Ports = new Dictionary<string, string> { ["http"] = "80" },
                User = "user",
                Password = "p",
            };
            var registration = new ServiceRegistration(options, $"node-{i}", loop.Session, loop.Drain);
            loop.Add(registration);
            _hosts.Add((loop, store, registration));
            await registration.WaitUntilRegisteredAsync(Token);
        }

        var latest = fake.Data.Commit(new TxnRequest())!.Header.Revision;
        await Eventually.TrueAsync(
            () => Task.FromResult(fake.Calls(FakeEtcd.Watch) == 2 * Hosts && _hosts.All(host => host.Registration is { IsStored: true } known
                && !known.ReconcileState.NeedsWrite(host.Loop.Session.Current)
                && known.ReconcileState.DescriptionRevision == _hosts.Max(other => other.Registration.ReconcileState.DescriptionRevision))),
            "all observe the description");
        Assert.Equal(latest, fake.Data.Commit(new TxnRequest())!.Header.Revision);
    }

    private static bool IsSettledAfter(ServiceRegistration registration, long revision) =>
        registration.IsStored && registration.ReconcileState is { DescriptionSettled: true } state && state.DescriptionRevision > revision;

    private static int Calls(FakeEtcd fake) => fake.Calls(FakeEtcd.Txn) + fake.Calls(FakeEtcd.Range);

    private static void Report(int calls) => TestContext.Current.SendDiagnosticMessage($"{calls} calls of {Hosts} hosts");

    private static TxnRequest Put(string value) => new()
    {
        Success = { new RequestOp { RequestPut = new() { Key = ByteString.CopyFromUtf8(Key), Value = ByteString.CopyFromUtf8(value) } } },
    };

    private static TxnRequest Delete() => new()
    {
        Success = { new RequestOp { RequestDeleteRange = new() { Key = ByteString.CopyFromUtf8(Key) } } },
    };
}
