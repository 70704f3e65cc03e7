using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>What the catalog keeps, for how long, and how it tells that it is not the latest.</summary>
public sealed class CatalogTests : IAsyncDisposable
{
    private const string Service = "shop";

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMinutes(8);

    private readonly ManualClock _clock = new();
    private readonly CountingStore _store = new(new InMemoryDiscoveryStore());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Service_ThatNobodyAsksFor_IsForgottenAndComesBackWithTheNextQuestion()
    {
        await using var catalog = await StartAsync();
        var token = catalog.Resolver.GetChangeToken(Service);

        await ForgottenAsync(catalog);

        Assert.True(token.HasChanged);
        Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        Assert.Equal(2, _store.Reads);
    }

    [Fact]
    public async Task Service_AskedForNowAndThen_IsKept()
    {
        await using var catalog = await StartAsync();

        for (var i = 0; i < 20; i++)
        {
            await PassAsync(IdleTimeout / 2);
            await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token);
        }

        Assert.Equal(1, _store.Reads);
    }

    [Fact]
    public async Task Service_ThatIsFollowed_IsKeptUntilNobodyFollowsIt()
    {
        await using var catalog = await StartAsync();
        await using (var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token)))
        {
            Assert.Equal("Up a h", await changes.NextAsync());
            for (var i = 0; i < 20; i++)
            {
                await PassAsync(IdleTimeout / 2);
            }

            await catalog.PutAsync(Service, "b");
            Assert.Equal("Up b h", await changes.NextAsync());
            Assert.Equal(1, _store.Reads);
        }

        await ForgottenAsync(catalog);
    }

    [Fact]
    public async Task Refresh_OfAServiceWhoseWatchLostSomething_PutsItRight()
    {
        await using var catalog = await StartAsync(RefreshInterval);
        await using var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal("Up a h", await changes.NextAsync());
        _store.IsDeaf = true;
        await catalog.PutAsync(Service, "b");
        await catalog.DeleteAsync(Service, "a");

        _clock.Advance(RefreshInterval * 1.25);

        Assert.Equal(["Down a h", "Up b h"], [await changes.NextAsync(), await changes.NextAsync()]);
        Assert.Equal(2, _store.Reads);
    }

    [Fact]
    public async Task Refresh_ThatFails_LeavesTheWatchAlone()
    {
        await using var catalog = await StartAsync(RefreshInterval);
        _store.Failure = new EtcdDiscoveryException("away", isTransient: true);

        _clock.Advance(RefreshInterval * 1.25);
        await Eventually.TrueAsync(
            () =>
            {
                // The loop waits a moment before it watches again.
                _clock.Advance(TimeSpan.FromMilliseconds(5));
                return Task.FromResult(_store.Watches == 2);
            },
            "it is watched again");

        await catalog.PutAsync(Service, "b");
        await Eventually.TrueAsync(
            async () => (await catalog.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Count == 2, "b is seen");
        Assert.Equal(2, _store.Reads);
    }

    [Fact]
    public async Task ChangeToken_AfterAChange_TellsOnce()
    {
        await using var catalog = await StartAsync();
        var told = new SemaphoreSlim(0);
        var token = catalog.Resolver.GetChangeToken(Service);
        using var silenced = token.RegisterChangeCallback(_ => Assert.Fail("It was let go of."), null);
        silenced.Dispose();
        using var registration = ChangeToken.OnChange(() => catalog.Resolver.GetChangeToken(Service), () => told.Release());
        Assert.False(token.HasChanged);

        await catalog.PutAsync(Service, "b");

        Assert.True(await told.WaitAsync(Eventually.Patience, Token));
        Assert.True(token.HasChanged);
        Assert.False(catalog.Resolver.GetChangeToken(Service).HasChanged);
        await catalog.DeleteAsync(Service, "b");
        Assert.True(await told.WaitAsync(Eventually.Patience, Token));
    }

    [Fact]
    public async Task ChangeToken_OfAServiceThatNobodyAskedFor_TellsOfItsFirstSnapshot()
    {
        await using var catalog = new TestCatalog();

        var token = catalog.Resolver.GetChangeToken(Service);

        await Eventually.TrueAsync(() => Task.FromResult(token.HasChanged), "the service was read");
    }

    private async Task<TestCatalog> StartAsync(TimeSpan? refreshInterval = null)
    {
        var settings = new CatalogSettings(TestCatalog.Quick)
        {
            IdleTimeout = IdleTimeout,
            RefreshInterval = refreshInterval ?? Timeout.InfiniteTimeSpan,
        };
        var catalog = new TestCatalog(_store, settings, _clock);
        await catalog.PutAsync(Service, "a");
        Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        await Eventually.TrueAsync(() => Task.FromResult(_store.Batches == 1), "the watch stands");
        return catalog;
    }

    private async Task ForgottenAsync(TestCatalog catalog)
    {
        await PassAsync(IdleTimeout * 1.25);
        await Eventually.TrueAsync(() => Task.FromResult(!catalog.Catalog.Services.Any()), "the service is forgotten");
    }

    // In steps, between which those who wait for a timer have come back to wait for it again.
    private async Task PassAsync(TimeSpan time)
    {
        var waiting = _clock.Waiting;
        for (var passed = TimeSpan.Zero; passed < time; passed += IdleTimeout / 8)
        {
            await Eventually.TrueAsync(() => Task.FromResult(_clock.Waiting >= waiting), "the timers wait");
            _clock.Advance(IdleTimeout / 8);
        }
    }
}
