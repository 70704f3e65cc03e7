namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Waits for a state instead of sleeping.</summary>
public static class Eventually
{
    /// <summary>The timeout for a state that normally is reached much earlier.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (!await condition())
        {
            Assert.False(patience.IsCancellationRequested, $"Not within {Patience.TotalSeconds} s: {what}");
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
