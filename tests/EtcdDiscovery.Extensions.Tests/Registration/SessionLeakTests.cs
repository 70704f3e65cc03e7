using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Hosts that lose their sessions a thousand times, and have nothing left of it.</summary>
public sealed class SessionLeakTests
{
    private const int LossesToWarmUp = 100;
    private const int Losses = 1_000;

    // What may differ between two looks at hosts that are busy.
    private const int Sway = 3 * LosingHosts.Count;

    [Fact]
    public async Task Sessions_LostAThousandTimes_LeaveNothingBehind()
    {
        await using var hosts = await LosingHosts.StartAsync((store, _) => store);

        await hosts.LoseAsync(LossesToWarmUp);
        var before = hosts.Look();
        await hosts.LoseAsync(LossesToWarmUp + Losses);

        // A task that goes on for a lost session holds it, as does a timer, a callback or a list.
        var after = before;
        await Eventually.TrueAsync(
            () => Task.FromResult((after = hosts.Look()).IsAtMost(before, Sway)), $"as few as before: {before}");
        Assert.True(after.IsAtMost(before, Sway), $"{before}, then {after}");
    }

    /// <summary>The counts see a leak when there is one: sessions that nobody disposes, with a timer and a stream each.</summary>
    [Fact]
    public async Task Sessions_ThatLeak_AreSeenByEveryCount()
    {
        await using var hosts = await LosingHosts.StartAsync((store, clock) => new LeakingStore(store, clock));
        hosts.BreaksStreams = false;

        // On a busy machine a connection may be lost, and its streams with it: then the next losses show the leak.
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
