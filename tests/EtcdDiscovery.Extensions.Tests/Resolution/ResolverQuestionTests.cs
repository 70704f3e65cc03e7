using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>How questions of many callers reach the store, and that they do not hurt each other.</summary>
public sealed class ResolverQuestionTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FirstQuestions_ManyAtOnce_CauseOneReadAndOneWatch()
    {
        var gate = new TaskCompletionSource();
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Gate = gate.Task };
        await PutAsync(store, "a");
        await using var host = await StartAsync(store);

        var questions = Enumerable.Range(0, 200)
            .Select(i => Task.Run(
                async () => i % 2 == 0
                    ? await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)
                    : (await host.Resolver.GetInstancesAsync(Service, cancellationToken: Token))[0],
                Token))
            .ToList();
        await Eventually.TrueAsync(() => Task.FromResult(store.Reads == 1), "the read is under way");
        gate.SetResult();

        Assert.All(await Task.WhenAll(questions), instance => Assert.Equal("a", instance.Id));
        await Eventually.TrueAsync(() => Task.FromResult(store.Watches == 1), "the watch stands");
        await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token);
        Assert.Equal((1, 1), (store.Reads, store.Watches));
    }

    [Fact]
    public async Task Caller_Cancelled_DoesNotCancelTheOthers()
    {
        var gate = new TaskCompletionSource();
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Gate = gate.Task };
        await PutAsync(store, "a");
        await using var host = await StartAsync(store);
        using var cancelling = new CancellationTokenSource();
        // The one that causes the read, and one that joins it.
        var first = host.Resolver.GetInstanceAsync(Service, cancellationToken: cancelling.Token).AsTask();
        var second = host.Resolver.GetInstanceAsync(Service, cancellationToken: cancelling.Token).AsTask();
        var patient = host.Resolver.GetInstanceAsync(Service, cancellationToken: Token).AsTask();

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(patient.IsCompleted);
        gate.SetResult();
        Assert.Equal("a", (await patient.WaitAsync(Eventually.Patience, Token)).Id);
        Assert.Equal(1, store.Reads);
    }

    [Fact]
    public async Task Question_WhileTheStoreRefuses_FailsWithItsReasonAndIsAnsweredLater()
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Failure = new EtcdDiscoveryException("permission denied") };
        await PutAsync(store, "a");
        // What needs a person is tried again after half a minute.
        var clock = new FakeTimeProvider();
        await using var host = await StartAsync(store, builder => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)));

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            async () => await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token));

        Assert.False(error.IsTransient);
        Assert.Equal("Service 'shop' cannot be resolved yet: permission denied", error.Message);
        // Known by now, so nobody waits for the next try; who follows is told as well.
        Assert.True(host.Resolver.GetInstanceAsync(Service, cancellationToken: Token).AsTask() is { IsFaulted: true });
        await Assert.ThrowsAsync<EtcdDiscoveryException>(
            async () => await host.Resolver.WatchAsync(Service, cancellationToken: Token).GetAsyncEnumerator(Token).MoveNextAsync());
        store.Failure = null;
        await Eventually.TrueAsync(
            async () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return await Record.ExceptionAsync(
                    async () => await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)) is null;
            },
            "the store is readable");
        Assert.InRange(clock.GetUtcNow() - clock.Start, TimeSpan.FromSeconds(30), Eventually.Patience * 30);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a/..")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a\nb")]
    [InlineData(null)]
    public async Task Question_ForANameThatNoServiceCanHave_IsRefusedWithoutAsking(string? name)
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore());
        await using var host = await StartAsync(store);
        Func<Task>[] questions =
        [
            async () => await host.Resolver.GetServiceAsync(name!, Token),
            async () => await host.Resolver.GetInstancesAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.GetInstanceAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.GetFirstInstanceAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.GetUriAsync(name!, "http", cancellationToken: Token),
            async () => await host.Resolver.GetSnapshotAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.WatchAsync(name!, cancellationToken: Token).GetAsyncEnumerator(Token).MoveNextAsync(),
        ];

        foreach (var question in questions)
        {
            var error = await Assert.ThrowsAnyAsync<ArgumentException>(question);
            Assert.Equal("service", error.ParamName);
        }

        Assert.Equal(0, store.Reads);
    }

    [Fact]
    public async Task Resolver_AfterTheHostIsGone_RefusesAndEndsItsWatches()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var host = await StartAsync(memory);
        var resolver = host.Resolver;
        await using var changes = resolver.WatchAsync(Service, cancellationToken: Token).GetAsyncEnumerator(Token);
        Assert.True(await changes.MoveNextAsync());
        var next = changes.MoveNextAsync().AsTask();
        await Assert.ThrowsAsync<ServiceNotFoundException>(async () => await resolver.GetInstanceAsync(Service, cancellationToken: Token));

        await host.StopAsync();
        await host.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => next.WaitAsync(Eventually.Patience, Token));
        foreach (var service in new[] { Service, "other" })
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await resolver.GetInstancesAsync(service, cancellationToken: Token));
        }
    }

    [Fact]
    public async Task Watchers_OfOneService_ShareOneWatchAndGoTheirOwnPace()
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore());
        await using var host = await StartAsync(store);
        await using var quick = new ChangeReader(host.Resolver.WatchAsync(Service, cancellationToken: Token));
        await using var slow = new ChangeReader(host.Resolver.WatchAsync(Service, cancellationToken: Token));

        await PutAsync(store, "a");
        Assert.Equal("Up a h1", await quick.NextAsync());
        Assert.Equal("Up a h1", await slow.NextAsync());
        await PutAsync(store, "a", "h2");
        Assert.Equal("Updated a h2", await quick.NextAsync());
        await PutAsync(store, "a", "h3");
        Assert.Equal("Updated a h3", await quick.NextAsync());

        // What the slow one has missed waits for it.
        Assert.Equal(["Updated a h2", "Updated a h3"], [await slow.NextAsync(), await slow.NextAsync()]);
        Assert.Equal((1, 1), (store.Reads, store.Watches));
    }

    [Fact]
    public async Task History_Lost_IsReadAgainWithoutTellingAnythingTwice()
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore());
        await PutAsync(store, "a");
        await PutAsync(store, "bad", "");
        await using var host = await StartAsync(store);
        await using var changes = new ChangeReader(host.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal("Up a h1", await changes.NextAsync());
        var before = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);

        for (var times = 1; times <= 3; times++)
        {
            await Eventually.TrueAsync(() => Task.FromResult(store.Watches == times), "the watch stands");
            store.LoseHistory();
        }

        await PutAsync(store, "c");
        Assert.Equal("Up c h1", await changes.NextAsync());
        var after = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
        Assert.Same(before.Instances[0], after.Instances[0]);
        Assert.Equal((1, SnapshotSource.Live), (after.UnreadableEntries, after.Source));
        Assert.Equal(3, host.Logs.Of("HistoryLost").Count());
        Assert.Single(host.Logs.Of("EntryUnreadable"));
    }

    private static Task<DiscoveryHost> StartAsync(
        IDiscoveryStore store, Action<HostApplicationBuilder>? configure = null) => DiscoveryHost.StartAsync(
        [],
        builder =>
        {
            builder.Services.AddEtcdDiscovery().UseStore(_ => store);
            configure?.Invoke(builder);
        });

    private static async Task PutAsync(CountingStore store, string id, string hostname = "h1")
    {
        var session = await store.OpenSessionAsync(TimeSpan.FromDays(1), Token);
        await session.TryPutAsync([TestCatalog.Put(Service, id, hostname: hostname)], Token);
    }
}
