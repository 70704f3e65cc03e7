using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Testing;

// Sessions and the lifetime of their entries.
public abstract partial class DiscoveryStoreConformance
{
    [Fact]
    public async Task Session_Opened_HasATimeToLive()
    {
        await using var session = await OpenAsync();

        Assert.True(session.TimeToLive > TimeSpan.Zero);
    }

    [Fact]
    public async Task Session_Closed_RemovesItsEntriesExceptDurableOnes()
    {
        await using var session = await OpenAsync();
        await using var other = await OpenAsync();
        await PutAsync(session, Put("mine"), Put("durable", isDurable: true));
        await PutAsync(other, Put("other"));

        await session.CloseAsync(Token);

        Assert.Equal(["durable", "other"], await ReadNamesAsync());
    }

    [Fact]
    public async Task Session_ClosedTwice_DoesNotThrow()
    {
        await using var session = await OpenAsync();

        await session.CloseAsync(Token);
        await session.CloseAsync(Token);
    }

    [Fact]
    public async Task Session_Closed_IsLost()
    {
        await using var session = await OpenAsync();
        await session.RenewAsync(Token);
        await session.CloseAsync(Token);

        await AssertLostAsync(session);
    }

    [Fact]
    public async Task Session_NotRenewed_ExpiresAndIsLost()
    {
        await using var session = await Store.OpenSessionAsync(Short, Token);
        var revision = await PutAsync(session, Put("a", "1"), Put("durable", isDurable: true));
        await using var watch = Watch(revision);

        var removed = Assert.Single((await watch.NextAsync()).Events);

        Assert.Equal(Root + "a", removed.Key);
        Assert.Null(removed.Value);
        Assert.Equal(["durable"], await ReadNamesAsync());
        await AssertLostAsync(session);
    }

    [Fact]
    public async Task Session_Renewed_DoesNotExpire()
    {
        await using var renewed = await Store.OpenSessionAsync(Short, Token);
        await PutAsync(renewed, Put("renewed"));
        await using var abandoned = await Store.OpenSessionAsync(Short, Token);
        await using var watch = Watch(await PutAsync(abandoned, Put("abandoned")));

        var expired = watch.NextAsync();
        while (!expired.IsCompleted)
        {
            await renewed.RenewAsync(Token);
            await Task.WhenAny(expired, Task.Delay(RenewInterval, TimeProvider.System, Token));
        }

        Assert.Equal(Root + "abandoned", Assert.Single((await expired).Events).Key);
        await renewed.RenewAsync(Token);
        Assert.Equal(["renewed"], await ReadNamesAsync());
    }

    [Fact]
    public async Task Session_RenewedConcurrently_IsRenewed()
    {
        await using var session = await OpenAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => session.RenewAsync(Token)));
    }

    [Fact]
    public async Task Session_Disposed_LetsItsEntriesExpire()
    {
        var session = await OpenAsync();
        await PutAsync(session, Put("a"));

        await session.DisposeAsync();

        Assert.Equal(["a"], await ReadNamesAsync());
    }

    [Fact]
    public async Task Put_ByAnotherSession_TakesOverTheEntry()
    {
        await using var first = await OpenAsync();
        await using var second = await OpenAsync();
        await PutAsync(first, Put("a", "1"));
        await PutAsync(second, Put("a", "2"));

        await first.CloseAsync(Token);
        Assert.Equal(["a"], await ReadNamesAsync());

        await second.CloseAsync(Token);
        Assert.Empty(await ReadNamesAsync());
    }

    private async Task AssertLostAsync(IDiscoverySession session)
    {
        var lost = await Assert.ThrowsAsync<SessionLostException>(() => session.RenewAsync(Token));
        Assert.True(lost.IsTransient);
        await Assert.ThrowsAsync<SessionLostException>(() => session.TryPutAsync([Put("late")], Token));
        Assert.DoesNotContain("late", await ReadNamesAsync());
    }
}
