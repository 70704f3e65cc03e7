using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Testing.Tests;

/// <summary>The fake answers like the real resolver, and sees every change at once.</summary>
public sealed class FakeServiceResolverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetUri_InstanceIsUp_ReturnsItsUrl()
    {
        await using var fake = new FakeServiceResolver();
        fake.Up("catalog", "http://127.0.0.1:5080");

        var uri = await fake.GetUriAsync("catalog", path: "/items/1", cancellationToken: Token);

        Assert.Equal("http://127.0.0.1:5080/items/1", uri.OriginalString);
    }

    [Fact]
    public async Task GetUri_OneOfTwoDrains_ReturnsTheOther()
    {
        await using var resolver = new FakeServiceResolver();
        var first = resolver.Up("catalog", "http://127.0.0.1:5081");
        resolver.Up("catalog", "http://127.0.0.1:5082");

        resolver.Drain(first.Id);

        var uri = await resolver.GetUriAsync("catalog", path: "/items", cancellationToken: Token);
        Assert.Equal("http://127.0.0.1:5082/items", uri.AbsoluteUri);
    }

    [Fact]
    public async Task GetUri_IPv6Address_IsInBrackets()
    {
        await using var fake = new FakeServiceResolver();
        fake.Up("a/b", "https://[::1]:5443/");

        Assert.Equal("https://[::1]:5443/", (await fake.GetUriAsync("a/b", cancellationToken: Token)).AbsoluteUri);
    }

    [Fact]
    public async Task Queries_AfterEachOfManyChanges_SeeIt()
    {
        await using var fake = new FakeServiceResolver();
        for (var i = 0; i < 200; i++)
        {
            var instance = fake.Up("catalog", "http://127.0.0.1:5080");
            Assert.Equal(instance, Assert.Single(await fake.GetInstancesAsync("catalog", cancellationToken: Token)));

            fake.Drain(instance.Id);
            await Assert.ThrowsAsync<NoInstanceFoundException>(() => fake.GetInstanceAsync("catalog", cancellationToken: Token).AsTask());

            fake.Down(instance.Id);
            Assert.Empty((await fake.GetSnapshotAsync("catalog", cancellationToken: Token)).Instances);
        }
    }

    [Fact]
    public async Task Queries_UnknownService_ThrowNotFoundAndLaterFindIt()
    {
        await using var fake = new FakeServiceResolver();

        await Assert.ThrowsAsync<ServiceNotFoundException>(() => fake.GetInstanceAsync("catalog", cancellationToken: Token).AsTask());

        var instance = fake.Up("catalog", "http://127.0.0.1:5080");
        Assert.Equal(instance, await fake.GetInstanceAsync("catalog", cancellationToken: Token));
    }

    [Fact]
    public async Task GetInstance_ShardAndExcluding_SelectAsInProduction()
    {
        await using var fake = new FakeServiceResolver();
        fake.Up(New("a") with { Shard = "s0" });
        fake.Up(New("b") with { Shard = "s1" });

        Assert.Equal("b", (await fake.GetInstanceAsync("catalog", new ServiceQuery { Shard = "s1" }, Token)).Id);
        Assert.Equal("b", (await fake.GetInstanceAsync("catalog", new ServiceQuery { Excluding = ["a"] }, Token)).Id);
        await Assert.ThrowsAsync<NoInstanceOnShardException>(
            () => fake.GetInstanceAsync("catalog", new ServiceQuery { Shard = "s2" }, Token).AsTask());
    }

    [Fact]
    public async Task GetInstance_FailedCalls_EjectAsInProduction()
    {
        await using var fake = new FakeServiceResolver(options => options.Balancing = InstanceBalancing.First);
        var first = fake.Up(New("a"));
        fake.Up(New("b"));
        Assert.Equal("a", (await fake.GetInstanceAsync("catalog", cancellationToken: Token)).Id);

        using (var call = fake.StartCall(first))
        {
            call.Complete(succeeded: false);
        }

        Assert.Equal("b", (await fake.GetInstanceAsync("catalog", cancellationToken: Token)).Id);
    }

    [Fact]
    public async Task GetService_Described_ReturnsTheDescription()
    {
        await using var fake = new FakeServiceResolver();
        var shop = new ServiceInfo { Name = "shop", Public = true, Hostname = "shop.example", Ports = new ServiceMap([new("https", "443")]) };
        fake.Describe(shop);

        Assert.Equal(shop, await fake.GetServiceAsync("shop", Token));
        Assert.Equal("https://shop.example/", (await fake.GetUriAsync("shop", "https", cancellationToken: Token)).AbsoluteUri);
    }

    [Fact]
    public async Task Watch_UpDrainDown_YieldsTheChanges()
    {
        await using var fake = new FakeServiceResolver();
        var first = fake.Up("catalog", "http://127.0.0.1:5080");
        await using var updates = fake.WatchAsync("catalog", Token).GetAsyncEnumerator(Token);

        Assert.True(await updates.MoveNextAsync());
        Assert.Equal((ServiceChangeKind.Up, first.Id), ChangeOf(updates.Current));

        fake.Drain(first.Id);
        Assert.True(await updates.MoveNextAsync());
        Assert.Equal((ServiceChangeKind.Down, first.Id), ChangeOf(updates.Current));
        Assert.Equal(ServiceDownReason.Unregistered, updates.Current.Changes[0].DownReason);

        static (ServiceChangeKind, string) ChangeOf(ServiceUpdate update) =>
            Assert.Single(update.Changes) is var change ? (change.Kind, change.Instance.Id) : default;
    }

    [Fact]
    public async Task Changes_ByManyThreads_AreAllSeen()
    {
        await using var fake = new FakeServiceResolver();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => fake.Up("catalog", "http://127.0.0.1:5080"), Token)));

        Assert.Equal(20, (await fake.GetInstancesAsync("catalog", cancellationToken: Token)).Select(instance => instance.Id).Distinct().Count());
    }

    [Fact]
    public async Task Changes_OfOneInstanceByManyThreads_EndWithoutIt()
    {
        await using var fake = new FakeServiceResolver();
        for (var round = 0; round < 50; round++)
        {
            var id = fake.Up("catalog", "http://127.0.0.1:5080").Id;

            await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => ChangeIfPresent(i < 3 ? fake.Drain : fake.Down, id), Token)));

            Assert.Empty((await fake.GetSnapshotAsync("catalog", cancellationToken: Token)).Instances);
        }

        static void ChangeIfPresent(Action<string> change, string id)
        {
            try
            {
                change(id);
            }
            catch (ArgumentException)
            {
                // Another thread has removed it.
            }
        }
    }

    [Theory]
    [InlineData("catalog", "127.0.0.1:5080")]
    [InlineData("catalog", "http://127.0.0.1:5080/items")]
    [InlineData("catalog", "http://user@127.0.0.1:5080")]
    [InlineData("catalog", "grpc://127.0.0.1")]
    [InlineData("", "http://127.0.0.1:5080")]
    [InlineData("a//b", "http://127.0.0.1:5080")]
    public async Task Up_InvalidNameOrUrl_Throws(string service, string url)
    {
        await using var fake = new FakeServiceResolver();

        Assert.Throws<ArgumentException>(() => fake.Up(service, url));
    }

    [Fact]
    public async Task Changes_ThatNoApplicationCouldSee_Throw()
    {
        await using var fake = new FakeServiceResolver();

        Assert.Throws<ArgumentException>(() => fake.Up(New("a") with { Hostname = "" }));
        Assert.Throws<ArgumentException>(() => fake.Up(New("a/b")));
        Assert.Throws<ArgumentException>(() => fake.Drain("absent"));
        Assert.Throws<ArgumentException>(() => fake.Down("absent"));
    }

    [Fact]
    public async Task HttpClient_WithTheFake_FollowsIt()
    {
        await using var fake = new FakeServiceResolver();
        var web = new RecordingWeb();
        await using var services = new ServiceCollection()
            .AddFakeServiceResolver(fake)
            .AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog"))
            .AddEtcdDiscovery()
            .ConfigurePrimaryHttpMessageHandler(() => web)
            .Services.BuildServiceProvider();
        var http = services.GetRequiredService<IHttpClientFactory>().CreateClient("catalog");
        var first = fake.Up("catalog", "http://127.0.0.1:5081");
        Assert.Equal("127.0.0.1:5081", await http.GetStringAsync("/", Token));

        fake.Down(first.Id);
        fake.Up("catalog", "http://127.0.0.1:5082");

        Assert.Equal("127.0.0.1:5082", await http.GetStringAsync("/", Token));
        Assert.Same(fake, services.GetRequiredService<IServiceResolver>());
        Assert.Equal(["catalog"], await services.GetRequiredService<IServiceDirectory>().GetServiceNamesAsync(Token));
    }

    [Fact]
    public async Task Dispose_Twice_IsNoErrorAndEndsQueries()
    {
        var fake = new FakeServiceResolver();
        fake.Up("catalog", "http://127.0.0.1:5080");
        await fake.GetInstanceAsync("catalog", cancellationToken: Token);

        fake.Dispose();
        await fake.DisposeAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => fake.GetInstanceAsync("catalog", cancellationToken: Token).AsTask());
    }

    [Fact]
    public async Task Fake_NotDisposed_IsCollected()
    {
        var settings = await Task.Run(UseAsync, Token);

        // A thread that was busy with the fake may refer to it for a moment.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        do
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        while (settings.TryGetTarget(out _) && await timer.WaitForNextTickAsync(patience.Token));

        // Returns what the services of the fake refer to.
        static async Task<WeakReference<Settings>> UseAsync()
        {
            var settings = new Settings();
            var fake = new FakeServiceResolver(settings.Configure);
            fake.Up("catalog", "http://127.0.0.1:5080");
            await fake.GetInstanceAsync("catalog", cancellationToken: Token);
            return new(settings);
        }
    }

    private static ServiceInstance New(string id) => new()
    {
        Id = id,
        ServiceName = "catalog",
        Hostname = "127.0.0.1",
        Ports = new ServiceMap([new("http", "5080")]),
    };

    private sealed class Settings
    {
        private readonly InstanceBalancing _balancing = InstanceBalancing.First;

        public void Configure(EtcdDiscoveryOptions options) => options.Balancing = _balancing;
    }
}
