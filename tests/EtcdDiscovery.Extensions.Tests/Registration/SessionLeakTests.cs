using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Hosts that lose their sessions a thousand times leak nothing.</summary>
public sealed class SessionLeakTests
{
    private const int LossesToWarmUp = 100;
    private const int Losses = 1_000;

    // The normal variation between two counts on busy hosts.
    private const int Sway = 3 * LosingHosts.Count;

    [Fact]
    public async Task Sessions_LostAThousandTimes_LeakNothing()
    {
        await using var hosts = await LosingHosts.StartAsync((store, _) => store);

        await hosts.LoseAsync(LossesToWarmUp);
        var before = hosts.Look();
        await hosts.LoseAsync(LossesToWarmUp + Losses);

        // A task, timer, callback or list that outlives a lost session references it.
        var after = before;
        await Eventually.TrueAsync(
            () => Task.FromResult((after = hosts.Look()).IsAtMost(before, Sway)), $"no more than before: {before}");
        Assert.True(after.IsAtMost(before, Sway), $"{before}, then {after}");
    }

    /// <summary>The counts detect a leak: sessions that are never disposed, each with a timer and a stream.</summary>
    [Fact]
    public async Task Sessions_Leaking_AreDetectedByEveryCount()
    {
        await using var hosts = await LosingHosts.StartAsync((store, clock) => new LeakingStore(store, clock));
        hosts.BreaksStreams = false;

        // A busy machine may lose a connection with its streams; the next losses show the leak then.
        LeakCount before, after;
        var losses = LossesToWarmUp;
        do
        {
            await hosts.LoseAsync(losses);
            before = hosts.Look();
            await hosts.LoseAsync(losses += LossesToWarmUp * 2);
            after = hosts.Look();
        }
        while (after.Streams <= before.Streams + Sway && losses < Losses);

        Assert.InRange(after.HeldSessions - before.HeldSessions, Sway + 1, int.MaxValue);
        Assert.InRange(after.Timers - before.Timers, Sway + 1, int.MaxValue);
        Assert.InRange(after.Streams - before.Streams, Sway + 1, int.MaxValue);
    }
}
