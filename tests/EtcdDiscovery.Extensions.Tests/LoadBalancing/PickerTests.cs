using System.Globalization;
using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.LoadBalancing;

public sealed class PickerTests
{
    private const int Picks = 60_000;

    public static TheoryData<InstanceBalancing> Balancings => [.. Enum.GetValues<InstanceBalancing>()];

    [Theory]
    [MemberData(nameof(Balancings))]
    public void Pick_OneInstance_ReturnsIt(InstanceBalancing balancing) =>
        Assert.Equal("0", InstancePickers.Of(balancing).Pick(Set(3)).Id);

    [Theory]
    [InlineData(InstanceBalancing.Random)]
    [InlineData(InstanceBalancing.RoundRobin)]
    [InlineData(InstanceBalancing.PowerOfTwoChoices)]
    public void Pick_EqualWeights_PicksAllEquallyOften(InstanceBalancing balancing) =>
        Assert.All(Count(InstancePickers.Of(balancing), Set(2, 2, 2, 2, 2)), count => Assert.InRange(count, 11_400, 12_600));

    [Theory]
    [InlineData(InstanceBalancing.Random)]
    [InlineData(InstanceBalancing.RoundRobin)]
    [InlineData(InstanceBalancing.PowerOfTwoChoices)]
    public void Pick_DifferentWeights_IsProportional(InstanceBalancing balancing)
    {
        var counts = Count(InstancePickers.Of(balancing), Set(1, 2, 0.5, 2.5));

        Assert.InRange(counts[0], 9_400, 10_600);
        Assert.InRange(counts[1], 19_200, 20_800);
        Assert.InRange(counts[2], 4_600, 5_400);
        Assert.InRange(counts[3], 24_200, 25_800);
    }

    [Theory]
    [InlineData(double.MaxValue, double.MaxValue, 1)]
    [InlineData(double.NaN, 1, 1)]
    [InlineData(-5, double.PositiveInfinity, 1)]
    [InlineData(double.Epsilon, 1, 0)]
    [InlineData(1e6, 1, 0)]
    public void Pick_ExtremeWeights_ReturnsAnInstance(double first, double second, double third)
    {
        foreach (var balancing in Enum.GetValues<InstanceBalancing>())
        {
            Assert.Equal(Picks, Count(InstancePickers.Of(balancing), Set(first, second, third)).Sum());
        }
    }

    [Fact]
    public void Pick_OneHeavyAndManyLightInstances_IsProportional()
    {
        var weights = Enumerable.Repeat(1.0, 100).Append(100).ToArray();

        foreach (var balancing in new[] { InstanceBalancing.Random, InstanceBalancing.RoundRobin, InstanceBalancing.PowerOfTwoChoices })
        {
            var counts = Count(InstancePickers.Of(balancing), Set(weights));
            Assert.InRange(counts[^1], 28_500, 31_500);
            Assert.InRange(counts[..50].Sum(), 14_000, 16_000);
        }
    }

    [Theory]
    [InlineData(101)]
    [InlineData(1e6)]
    [InlineData(double.MaxValue)]
    public void Pick_OverweightInstance_IsCappedAt100TimesTheMedian(double weight)
    {
        var weights = Enumerable.Repeat(1.0, 99).Append(2).Append(weight).ToArray();

        foreach (var balancing in new[] { InstanceBalancing.Random, InstanceBalancing.RoundRobin, InstanceBalancing.PowerOfTwoChoices })
        {
            Assert.InRange(Count(InstancePickers.Of(balancing), Set(weights))[^1], 28_000, 31_500);
        }
    }

    [Fact]
    public void RoundRobin_Sequential_TakesTurns()
    {
        var set = Set(1, 1, 1);
        var picked = Enumerable.Range(0, 9).Select(_ => int.Parse(InstancePickers.RoundRobin.Pick(set).Id, CultureInfo.InvariantCulture)).ToList();

        Assert.All(Enumerable.Range(1, 8), turn => Assert.Equal((picked[turn - 1] + 1) % 3, picked[turn]));
    }

    [Fact]
    public void RoundRobin_DifferentWeights_SpreadsTheTurns()
    {
        var set = Set(3, 1, 1);
        var picked = Enumerable.Range(0, 500).Select(_ => InstancePickers.RoundRobin.Pick(set).Id).ToList();

        // Ten consecutive picks contain the heavy instance about six times, each of the others about twice.
        Assert.All(Enumerable.Range(0, 490), start =>
        {
            var window = picked.GetRange(start, 10);
            Assert.InRange(window.Count(id => id == "0"), 5, 7);
            Assert.InRange(window.Count(id => id == "1"), 1, 3);
        });
    }

    [Fact]
    public void RoundRobin_ManyThreads_IsFair()
    {
        var set = Set(1, 1, 1, 1, 1, 1, 1);
        var counts = new int[7];

        Parallel.For(0, 8, _ =>
        {
            for (var pick = 0; pick < 7_000; pick++)
            {
                Interlocked.Increment(ref counts[int.Parse(InstancePickers.RoundRobin.Pick(set).Id, CultureInfo.InvariantCulture)]);
            }
        });

        // Each count of RoundRobinCounter is off by at most one turn.
        Assert.All(counts, count => Assert.InRange(count, 8_000 - 17, 8_000 + 17));
    }

    [Fact]
    public void RoundRobin_InstancesChange_ContinuesTheRound()
    {
        using var service = new BalancerState(TimeProvider.System);
        var picked = Enumerable.Range(0, 300)
            .Select(_ => InstancePickers.RoundRobin.Pick(PicksOf(service, Snapshot(1, 1, 1)).All!).Id)
            .CountBy(id => id)
            .Select(id => id.Value);

        Assert.Equal([100, 100, 100], picked);
    }

    [Fact]
    public void RoundRobin_AlternatingShards_IsFairInBoth()
    {
        using var service = new BalancerState(TimeProvider.System);
        var snapshot = TestCatalog.Snapshot([.. Enumerable.Range(0, 4).Select(i => Instance(i, shard: $"s{i % 2}"))]);
        var picked = Enumerable.Range(0, 40)
            .Select(turn => InstancePickers.RoundRobin.Pick(PicksOf(service, snapshot).Select(new() { Shard = $"s{turn % 2}" }, null)!).Id)
            .CountBy(id => id)
            .Select(id => id.Value);

        Assert.Equal([10, 10, 10, 10], picked);
    }

    [Fact]
    public void PowerOfTwoChoices_TwoInstances_PicksTheLessBusyOne()
    {
        using var service = new BalancerState(TimeProvider.System);
        var snapshot = Snapshot(1, 1);
        service.SetInstances(snapshot.Instances);
        using var call = service.StartCall("0");
        var set = PicksOf(service, snapshot).All!;

        Assert.Equal([0, Picks], Count(InstancePickers.PowerOfTwoChoices, set));
        Assert.Equal((1, 0), (set.GetOutstanding(0), set.GetOutstanding(1)));

        call.Complete(succeeded: true);
        Assert.All(Count(InstancePickers.PowerOfTwoChoices, set), count => Assert.InRange(count, 28_500, 31_500));
    }

    [Fact]
    public void PowerOfTwoChoices_CallsNeverComplete_LoadsInProportionToTheWeights()
    {
        using var service = new BalancerState(TimeProvider.System);
        var snapshot = Snapshot(1, 3, 1, 1);
        service.SetInstances(snapshot.Instances);
        for (var call = 0; call < 600; call++)
        {
            service.StartCall(InstancePickers.PowerOfTwoChoices.Pick(PicksOf(service, snapshot).All!).Id);
        }

        var set = PicksOf(service, snapshot).All!;
        Assert.InRange(set.GetOutstanding(1), 280, 320);
        Assert.All([0, 2, 3], (int index) => Assert.InRange(set.GetOutstanding(index), 80, 120));
    }

    [Fact]
    public void First_SeveralInstances_PicksTheSmallestKey() => Assert.Equal([Picks, 0, 0], Count(InstancePickers.First, Set(1, 5, 1)));

    [Fact]
    public void InstanceSet_Empty_Throws() =>
        Assert.Throws<ArgumentException>(() => new InstanceSet([]));

    [Fact]
    public void InstanceSet_OfInstances_ListsThem()
    {
        var set = Set(1, 2);

        Assert.Equal((2, "1", false, 0), (set.Count, set[1].Id, set.HasEqualWeights, set.GetOutstanding(1)));
        Assert.Equal(["0", "1"], set.Select(instance => instance.Id));
        Assert.True(Set(4, 4).HasEqualWeights);
    }

    [Fact]
    public void Query_WithDefaultValues_EqualsTheDefault()
    {
        Assert.Equal(default, new ServiceQuery { Shard = "", PreferredShard = "", Network = ServiceNetwork.Public, Picker = null });
        Assert.NotEqual(default, new ServiceQuery { PreferredZone = "" });
        var one = new ServiceQuery { Network = ServiceNetwork.Private, PreferredZone = "a", PreferredShard = "s", Picker = InstancePickers.First };
        Assert.Equal(one, new ServiceQuery { Picker = InstancePickers.First, PreferredShard = "s", PreferredZone = "a", Network = ServiceNetwork.Private });
        Assert.Equal((ServiceNetwork.Private, "a", "s"), (one.Network, one.PreferredZone, one.PreferredShard));
    }

    private static int[] Count(IInstancePicker picker, InstanceSet set)
    {
        var counts = new int[set.Count];
        for (var pick = 0; pick < Picks; pick++)
        {
            counts[int.Parse(picker.Pick(set).Id, CultureInfo.InvariantCulture)]++;
        }

        return counts;
    }

    private static PickSets PicksOf(BalancerState service, ServiceView view) => service.CreatePickSets(view.Serving, view.MayHaveWeights);

    private static InstanceSet Set(params double[] weights) => new(weights.Select((weight, i) => Instance(i, weight)));

    private static ServiceView Snapshot(params double[] weights) =>
        TestCatalog.Snapshot([.. weights.Select((weight, i) => Instance(i, weight))]);

    private static ServiceInstance Instance(int number, double weight = 1, string? shard = null) => new()
    {
        Id = number.ToString(CultureInfo.InvariantCulture),
        ServiceName = "shop",
        Weight = weight,
        Shard = shard,
    };
}
