using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.LoadBalancing;

/// <summary>Picking instances through the resolver: by configuration, by query and with custom pickers.</summary>
public sealed class ResolverPickingTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("RoundRobin", "10 10 10")]
    [InlineData("First", "30 0 0")]
    public async Task Balancing_Configured_IsUsed(string balancing, string expected)
    {
        await using var host = await StartAsync(new() { ["Balancing"] = balancing }, "a", "b", "c");

        Assert.Equal(expected, await CountAsync(host, default));
    }

    [Fact]
    public async Task Balancing_NotConfigured_IsRandom()
    {
        await using var host = await StartAsync([], "a", "b");

        Assert.Same(InstancePickers.Random, host.Services.GetRequiredService<IInstancePicker>());
        await Eventually.TrueAsync(async () => await PickAsync(host, default) == "a", "one is picked");
        await Eventually.TrueAsync(async () => await PickAsync(host, default) == "b", "the other is picked");
    }

    [Fact]
    public async Task Balancing_Unknown_IsRejected()
    {
        await using var host = DiscoveryHost.Build(new() { ["Store"] = "InMemory", ["Balancing"] = "7" });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal(
            "EtcdDiscovery:Balancing is '7': Random, RoundRobin, PowerOfTwoChoices, First are allowed.", Assert.Single(error.Failures));
    }

    [Fact]
    public async Task Picker_OfTheQuery_OverridesTheConfiguredOne()
    {
        await using var host = await StartAsync(new() { ["Balancing"] = "First" }, "a", "b", "c");

        Assert.Equal("10 10 10", await CountAsync(host, new() { Picker = InstancePickers.RoundRobin }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Picker_OfTheApplication_ReplacesTheBuiltInOne(bool isAddedFirst)
    {
        await using var host = await StartAsync(
            new() { ["Balancing"] = "First" },
            services =>
            {
                if (isAddedFirst)
                {
                    services.Remove(services.Single(service => service.ServiceType == typeof(IInstancePicker)));
                }

                services.AddSingleton<IInstancePicker, LastPicker>();
                services.AddEtcdDiscovery();
            },
            "a",
            "b",
            "c");

        Assert.Equal("0 0 30", await CountAsync(host, default));
        Assert.Equal("c", (await host.Resolver.GetUriAsync(Service, "http", cancellationToken: Token)).Host);
        Assert.Equal("a", (await host.Resolver.GetFirstInstanceAsync(Service, cancellationToken: Token)).Id);
    }

    [Fact]
    public async Task Picker_ReturnsNull_IsNamedInTheError()
    {
        await using var host = await StartAsync([], "a");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => PickAsync(host, new() { Picker = new NoPicker() }));

        Assert.Contains(nameof(NoPicker), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PreferredZone_Configured_IsUsedUnlessTheQuerySetsOne()
    {
        await using var host = await StartAsync(
            new() { ["PreferredZone"] = "zone-b", ["Balancing"] = "RoundRobin" }, "a", "b", "c");

        Assert.Equal("0 30 0", await CountAsync(host, default));
        Assert.Equal("0 0 30", await CountAsync(host, new() { PreferredZone = "zone-c" }));
        Assert.Equal("10 10 10", await CountAsync(host, new() { PreferredZone = "" }));
        Assert.Equal("10 10 10", await CountAsync(host, new() { PreferredZone = "zone-x" }));
    }

    [Fact]
    public async Task Call_Fails_ExcludesTheInstanceFromPicksOnly()
    {
        var clock = new FakeTimeProvider();
        await using var memory = new InMemoryDiscoveryStore();
        await using var catalog = new TestCatalog(memory, timeProvider: clock);
        await catalog.PutAsync(Put("a"), Put("b"), Put("c"));
        var resolver = catalog.Resolver;
        var query = new ServiceQuery { Picker = InstancePickers.First };
        var failing = await resolver.GetInstanceAsync(Service, query, Token);
        Assert.Equal("a", failing.Id);

        resolver.StartCall(failing).Complete(succeeded: false);

        Assert.Equal("b", (await resolver.GetInstanceAsync(Service, query, Token)).Id);
        Assert.Equal("b", (await resolver.GetUriAsync(Service, "http", "", query, cancellationToken: Token)).Host);
        Assert.Equal("a", (await resolver.GetFirstInstanceAsync(Service, cancellationToken: Token)).Id);
        Assert.Equal(3, (await resolver.GetInstancesAsync(Service, cancellationToken: Token)).Count);
        Assert.Equal(3, (await resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances.Length);

        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Same(failing, await resolver.GetInstanceAsync(Service, query, Token));
    }

    [Fact]
    public async Task StartCall_InvalidInstances_IsNotCounted()
    {
        await using var host = await StartAsync([], "a");
        await PickAsync(host, default);

        foreach (var instance in new ServiceInstance[]
        {
            new() { Id = "a", ServiceName = "never-asked-for" },
            new() { Id = "x", ServiceName = Service },
            new() { Id = "", ServiceName = "//" },
            new() { Id = null!, ServiceName = Service },
            new() { Id = "a", ServiceName = null! },
        })
        {
            Assert.Same(ServiceCall.None, host.Resolver.StartCall(instance));
        }

        Assert.Throws<ArgumentNullException>(() => host.Resolver.StartCall(null!));
        Assert.Equal("a", await PickAsync(host, default));
    }

    [Fact]
    public async Task Call_Fails_LogsTheEjection()
    {
        await using var host = await StartAsync([], "a", "b");
        var instance = await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token);

        host.Resolver.StartCall(instance).Complete(succeeded: false);

        Assert.Contains($"Instance {instance.Id} of service shop", Assert.Single(host.Logs.Of("Ejected")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PickerTests.Balancings), MemberType = typeof(PickerTests))]
    public async Task GetInstance_Cached_AllocatesNothing(InstanceBalancing balancing)
    {
        await using var host = await StartAsync(new() { ["Balancing"] = balancing.ToString() }, "a", "b", "c");
        var zone = new ServiceQuery { Shard = "s0", PreferredZone = "zone-b", Picker = InstancePickers.Of(balancing) };
        await PickAsync(host, default);
        Pick(1_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Pick(1_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Check(ValueTask<ServiceInstance> answer) => Assert.True(answer.IsCompletedSuccessfully);

        void Pick(int times)
        {
            for (var i = 0; i < times; i++)
            {
                Check(host.Resolver.GetInstanceAsync(Service, cancellationToken: Token));
                Check(host.Resolver.GetInstanceAsync(Service, zone, Token));
            }
        }
    }

    [Fact]
    public async Task StartCall_AnyPicker_CountsUntilTheCallCompletes()
    {
        await using var host = await StartAsync(new() { ["Balancing"] = "First" }, "a", "b");
        var probe = new OutstandingProbe();
        var query = new ServiceQuery { Picker = probe };

        var instance = await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token);
        await PickAsync(host, query);
        Assert.Equal([0, 0], probe.Counts);

        using var call = host.Resolver.StartCall(instance);
        using var another = host.Resolver.StartCall(instance with { Weight = 7 });
        await PickAsync(host, query);
        Assert.Equal([2, 0], probe.Counts);

        call.Complete(succeeded: true);
        another.Dispose();
        await PickAsync(host, query);
        Assert.Equal([0, 0], probe.Counts);
    }

    [Fact]
    public async Task Call_ToARemovedInstance_IsIgnored()
    {
        await using var memory = new InMemoryDiscoveryStore();
        await using var catalog = new TestCatalog(memory);
        await catalog.PutAsync(Put("a"), Put("b"));
        var removed = await catalog.Resolver.GetFirstInstanceAsync(Service, cancellationToken: Token);
        using var call = catalog.Resolver.StartCall(removed);
        await catalog.DeleteAsync(Service, "a");
        await Eventually.TrueAsync(
            async () => (await catalog.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Count == 1, "the instance is removed");

        call.Complete(succeeded: false);

        Assert.Same(ServiceCall.None, catalog.Resolver.StartCall(removed));
        Assert.Equal("b", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
    }

    [Fact]
    public async Task StartCall_Repeated_AllocatesOneSmallObject()
    {
        await using var host = await StartAsync([], "a", "b");
        var instance = await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token);
        Call(1_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Call(1_000);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32_000);

        void Call(int times)
        {
            for (var i = 0; i < times; i++)
            {
                using var call = host.Resolver.StartCall(instance);
                call.Complete(succeeded: true);
            }
        }
    }

    [Fact]
    public async Task Scheme_OfOneInstance_SelectsIt()
    {
        await using var host = await StartAsync([], "a", "b", "c");
        var session = await host.Services.GetRequiredService<IDiscoveryStore>().OpenSessionAsync(TimeSpan.FromHours(1), Token);
        var grpc = new ServiceInstance { Id = "d", ServiceName = Service, Hostname = "d", Ports = new ServiceMap([new("grpc", "81")]) };
        await session.TryPutAsync([new(ServiceKeys.Instance(Service, "d"), ServiceJson.Encode(grpc))], Token);

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("d", await PickAsync(host, new() { Scheme = "grpc" }));
            Assert.Equal("grpc://d:81/", (await host.Resolver.GetUriAsync(Service, "grpc", cancellationToken: Token)).AbsoluteUri);
            Assert.NotEqual("d", await PickAsync(host, new() { Scheme = "http" }));
        }

        var error = await Assert.ThrowsAsync<UnknownSchemeException>(() => PickAsync(host, new() { Scheme = "amqp" }));
        Assert.Equal(["grpc", "http"], error.KnownSchemes);
        Assert.Equal("d", Assert.Single(await host.Resolver.GetInstancesAsync(Service, new() { Scheme = "grpc" }, Token)).Id);
    }

    [Fact]
    public void InstanceSet_WithOutstandingCalls_InfluencesThePick()
    {
        ServiceInstance[] instances = [new() { Id = "a", ServiceName = Service }, new() { Id = "b", ServiceName = Service }];
        var set = new InstanceSet(instances, [7, 2]);

        Assert.Equal((7, 2), (set.GetOutstanding(0), set.GetOutstanding(1)));
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal("b", InstancePickers.PowerOfTwoChoices.Pick(set).Id));
        Assert.Throws<ArgumentException>(() => new InstanceSet(instances, [1]));
    }

    [Theory]
    [InlineData("a", "0 15 15")]
    [InlineData("a c", "0 30 0")]
    [InlineData("", "10 10 10")]
    public async Task Excluding_SomeInstances_PicksFromTheOthers(string excluded, string expected)
    {
        await using var host = await StartAsync(new() { ["Balancing"] = "RoundRobin" }, "a", "b", "c");

        Assert.Equal(expected, await CountAsync(host, new() { Excluding = excluded.Split(' ', StringSplitOptions.RemoveEmptyEntries) }));
        Assert.Equal(expected, await CountAsync(host, new() { Excluding = excluded.Split(' ', StringSplitOptions.RemoveEmptyEntries), Shard = "s0" }));
    }

    [Fact]
    public async Task Excluding_AllOfThePreferredZone_PicksFromAnotherZone()
    {
        await using var host = await StartAsync([], "a", "b");

        Assert.Equal("b", await PickAsync(host, new() { PreferredZone = "zone-a", Excluding = ["a"] }));
    }

    [Fact]
    public async Task Excluding_AllButAnEjectedInstance_PicksIt()
    {
        await using var host = await StartAsync([], "a", "b", "c");
        var ejected = (await host.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Single(instance => instance.Id == "b");
        using var call = host.Resolver.StartCall(ejected);
        call.Complete(succeeded: false);

        Assert.Equal("b", await PickAsync(host, new() { Excluding = ["a", "c"] }));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("s0")]
    public async Task Excluding_AllInstances_FailsWithTheReason(string? shard)
    {
        await using var host = await StartAsync([], "a", "b");
        var query = new ServiceQuery { Excluding = ["a", "b"], Shard = shard };

        var error = await Assert.ThrowsAsync<NoInstanceFoundException>(() => PickAsync(host, query));

        Assert.Equal("Service 'shop' has no instance left: the query excludes all instances that take requests.", error.Message);
        var listed = await Assert.ThrowsAsync<NoInstanceFoundException>(
            async () => await host.Resolver.GetInstancesAsync(Service, query, Token));
        Assert.Equal(error.Message, listed.Message);
        await Assert.ThrowsAsync<NoInstanceOnShardException>(() => PickAsync(host, query with { Shard = "s1" }));
    }

    private static async Task<string> CountAsync(DiscoveryHost host, ServiceQuery query)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal) { ["a"] = 0, ["b"] = 0, ["c"] = 0 };
        for (var pick = 0; pick < 30; pick++)
        {
            counts[await PickAsync(host, query)]++;
        }

        return string.Join(' ', counts.Values);
    }

    private static async Task<string> PickAsync(DiscoveryHost host, ServiceQuery query) =>
        (await host.Resolver.GetInstanceAsync(Service, query, Token)).Id;

    private static Task<DiscoveryHost> StartAsync(Dictionary<string, string?> settings, params string[] ids) =>
        StartAsync(settings, _ => { }, ids);

    private static async Task<DiscoveryHost> StartAsync(
        Dictionary<string, string?> settings, Action<IServiceCollection> configure, params string[] ids)
    {
        var host = await DiscoveryHost.StartAsync(new(settings) { ["Store"] = "InMemory" }, builder => configure(builder.Services));
        var session = await host.Services.GetRequiredService<IDiscoveryStore>().OpenSessionAsync(TimeSpan.FromHours(1), Token);
        Assert.NotNull(await session.TryPutAsync([.. ids.Select(Put)], Token));
        return host;
    }

    private static StorePut Put(string id) => new(ServiceKeys.Instance(Service, id), ServiceJson.Encode(new ServiceInstance
    {
        Id = id,
        ServiceName = Service,
        Hostname = id,
        Ports = new ServiceMap([KeyValuePair.Create("http", "80")]),
        Zone = "zone-" + id,
        Shard = "s0",
    }));

    private sealed class LastPicker : IInstancePicker
    {
        public ServiceInstance Pick(InstanceSet instances) => instances[^1];
    }

    private sealed class NoPicker : IInstancePicker
    {
        public ServiceInstance Pick(InstanceSet instances) => null!;
    }
}
