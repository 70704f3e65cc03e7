using System.Globalization;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>After any events in any order, readers finally have the contents of the store.</summary>
/// <remarks>PROPERTY_SEED selects other steps, PROPERTY_CASES their number.</remarks>
public sealed class InterleavingTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ShortGrace = TimeSpan.FromMilliseconds(200);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Readers_AfterAnyInterleavingInMemory_AgreeWithTheStore(bool hasGrace, bool repeats)
    {
        int merged = 0, doubts = 0;
        await CheckAsync(cases: 100, longest: 60, async steps =>
        {
            var clock = new FakeTimeProvider();
            var settings = new CatalogSettings(TestCatalog.Quick) { OutageGrace = hasGrace ? Grace : TimeSpan.Zero };
            await using var interleaving = new Interleaving(new UnreliableMemory(clock, repeats), settings, clock);
            await TakeAsync(interleaving, steps);
            clock.Advance(Grace);
            await interleaving.EndAsync();
            merged += interleaving.MergedChanges;
            doubts += interleaving.Doubts;
        });

        TestContext.Current.TestOutputHelper!.WriteLine($"{merged} merged changes, {doubts} times with suspects.");
        Assert.True(merged > 0, "No reader was ever too slow, so merging was not tested.");
        Assert.Equal(hasGrace, doubts > 0);
    }

    [Theory]
    [InlineData(EtcdVersion.First, false)]
    [InlineData(EtcdVersion.First, true)]
    [InlineData(EtcdVersion.Second, false)]
    [InlineData(EtcdVersion.Second, true)]
    public async Task Readers_AfterAnyInterleavingInEtcd_AgreeWithEtcd(EtcdVersion version, bool hasGrace)
    {
        // A separate server, because this test compacts the history.
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        var settings = new CatalogSettings(TestCatalog.Quick) { OutageGrace = hasGrace ? ShortGrace : TimeSpan.Zero };
        await CheckAsync(cases: 15, longest: 40, async steps =>
        {
            // Two ranges are two watches: the last instance may arrive before the description.
            await using var interleaving = new Interleaving(new UnreliableEtcd(server), settings, TimeProvider.System)
            {
                Leeway = Eventually.Patience,
            };
            await TakeAsync(interleaving, steps);
            await interleaving.EndAsync();
        });
    }

    private static async Task TakeAsync(Interleaving interleaving, Step[] steps)
    {
        foreach (var step in steps)
        {
            await interleaving.TakeAsync(step);
        }

        await interleaving.SettleAsync();
    }

    // FsCheck blocks for each case, so it gets a thread that the cases do not need.
    private static Task CheckAsync(int cases, int longest, Func<Step[], Task> property)
    {
        var seed = Number("PROPERTY_SEED", 1);
        var config = Config.QuickThrowOnFailure
            .WithMaxTest(Number("PROPERTY_CASES", cases))
            .WithStartSize(longest / 4)
            .WithEndSize(longest)
            .WithQuietOnSuccess(true)
            .WithReplay(new Replay(new Rnd((ulong)seed, 1), default));
        return Task.Factory.StartNew(
            () => Check.One($"PROPERTY_SEED={seed}", config, Prop.ForAll(Step.Sequences, property)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
