using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>How concurrent queries use the store, and that they do not affect each other.</summary>
public sealed class ResolverQuestionTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FirstQueries_Concurrent_CauseOneReadAndOneWatch()
    {
        var gate = new TaskCompletionSource();
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Gate = gate.Task };
        await PutAsync(store, "a");
        await using var host = await StartAsync(store);

        var queries = Enumerable.Range(0, 200)
            .Select(i => Task.Run(
                async () => i % 2 == 0
                    ? await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)
                    : (await host.Resolver.GetInstancesAsync(Service, cancellationToken: Token))[0],
                Token))
            .ToList();
        await Eventually.TrueAsync(() => Task.FromResult(store.Reads == 1), "the read is under way");
        gate.SetResult();

        Assert.All(await Task.WhenAll(queries), instance => Assert.Equal("a", instance.Id));
        await Eventually.TrueAsync(() => Task.FromResult(store.Watches == 1), "the watch is established");
        await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token);
        Assert.Equal((1, 1), (store.Reads, store.Watches));
    }

    [Fact]
    public async Task Caller_Canceled_DoesNotCancelOtherCallers()
    {
        var gate = new TaskCompletionSource();
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Gate = gate.Task };
        await PutAsync(store, "a");
        await using var host = await StartAsync(store);
        using var cancelling = new CancellationTokenSource();
        // The caller that causes the read, and one that joins it.
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
    public async Task Query_StoreRefuses_FailsWithTheReasonAndSucceedsLater()
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Failure = new EtcdDiscoveryException("permission denied") };
        await PutAsync(store, "a");
        // Failures that an operator must fix are retried after half a minute.
        var clock = new FakeTimeProvider();
        await using var host = await StartAsync(store, builder => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)));

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            async () => await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token));

        Assert.False(error.IsTransient);
        Assert.Equal("Service 'shop' cannot be resolved: permission denied", error.Message);
        // The service is known now, so no query waits for the next retry; watchers report the change, too.
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
    public async Task Query_InvalidServiceName_IsRefusedWithoutAccessToTheStore(string? name)
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore());
        await using var host = await StartAsync(store);
        Func<Task>[] queries =
        [
            async () => await host.Resolver.GetServiceAsync(name!, Token),
            async () => await host.Resolver.GetInstancesAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.GetInstanceAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.GetFirstInstanceAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.GetUriAsync(name!, "http", cancellationToken: Token),
            async () => await host.Resolver.GetSnapshotAsync(name!, cancellationToken: Token),
            async () => await host.Resolver.WatchAsync(name!, cancellationToken: Token).GetAsyncEnumerator(Token).MoveNextAsync(),
        ];

        foreach (var query in queries)
        {
            var error = await Assert.ThrowsAnyAsync<ArgumentException>(query);
            Assert.Equal("service", error.ParamName);
        }

        Assert.Equal(0, store.Reads);
    }

    [Fact]
    public async Task Resolver_HostDisposed_RefusesQueriesAndEndsItsWatches()
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
    public async Task Watchers_OfOneService_ShareOneWatchAndReadAtTheirOwnPace()
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

        // The slow watcher receives what it has missed.
        Assert.Equal(["Updated a h2", "Updated a h3"], [await slow.NextAsync(), await slow.NextAsync()]);
        Assert.Equal((1, 1), (store.Reads, store.Watches));
    }

    [Fact]
    public async Task History_Lost_IsReadAgainWithoutDuplicateChanges()
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
            await Eventually.TrueAsync(() => Task.FromResult(store.Watches == times), "the watch is established");
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
