using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Tests.Primitives;

/// <summary>A value whose changes can be watched.</summary>
public sealed class ObservableValueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_ReadSlowly_SkipsIntermediateValues()
    {
        var value = new ObservableValue<int>(1);
        await using var watch = value.WatchAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(1, watch.Current);

        value.Set(2);
        value.Set(3);

        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(3, watch.Current);
    }

    [Fact]
    public async Task Watch_ValueChangedBack_YieldsNothingUntilItDiffers()
    {
        var value = new ObservableValue<int>(1);
        await using var watch = value.WatchAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        value.Set(2);
        value.Set(1);

        var next = watch.MoveNextAsync();
        Assert.False(next.IsCompleted);
        value.Set(3);

        Assert.True(await next);
        Assert.Equal(3, watch.Current);
    }

    [Fact]
    public async Task Watch_Cancelled_Throws()
    {
        var value = new ObservableValue<int>(1);
        using var cancellation = new CancellationTokenSource();
        await using var watch = value.WatchAsync(cancellation.Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());

        var next = watch.MoveNextAsync().AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await value.WatchAsync(cancellation.Token).FirstAsync(CancellationToken.None));
    }
}
