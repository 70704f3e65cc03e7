using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.LoadBalancing;

/// <summary>Who fails is left alone for a while.</summary>
public sealed class EjectionTests : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly CountingTimeProvider _clock = new();
    private readonly BalancerState _service;

    public EjectionTests()
    {
        _service = new BalancerState(_clock);
        Current = Snapshot("a", "b", "c", "d");
    }

    private ServiceView Current
    {
        get;
        set
        {
            field = value;
            _service.SetInstances(value.Instances);
        }
    }

    [Fact]
    public void Instance_ThatFails_IsLeftOutAndComesBackByItself()
    {
        Report("b", CallOutcome.Failed);
        Assert.Equal("a c d", Pickable());

        _clock.Advance(TimeSpan.FromSeconds(0.99));
        Assert.Equal("a c d", Pickable());
        _clock.Advance(TimeSpan.FromSeconds(1.01));

        Assert.Equal("a b c d", Pickable());
        Assert.Equal(0, _clock.ArmedTimers);
    }

    [Fact]
    public void Instance_ThatGoesOnFailing_IsLeftOutTwiceAsLongUpToAMinute()
    {
        var nominal = 2.0;
        for (var time = 0; time < 8; time++)
        {
            Report("b", CallOutcome.Failed);
            Assert.Equal("a c d", Pickable());
            // A half of it is jitter.
            _clock.Advance(TimeSpan.FromSeconds((nominal / 2) - 0.01));
            Assert.Equal("a c d", Pickable());
            _clock.Advance(TimeSpan.FromSeconds((nominal / 2) + 0.01));
            Assert.Equal("a b c d", Pickable());
            nominal = Math.Min(2 * nominal, Longest.TotalSeconds);
        }
    }

    [Fact]
    public void Times_OfManyEjections_Differ()
    {
        Current = Snapshot([.. Enumerable.Range(0, 100).Select(i => $"{i:D3}")]);
        for (var i = 0; i < 50; i++)
        {
            Report($"{i:D3}", CallOutcome.Failed);
        }

        _clock.Advance(TimeSpan.FromSeconds(1.5));

        Assert.InRange(Pickable().Split(' ').Length, 60, 90);
    }

    [Fact]
    public void Instance_ThatHasSucceeded_IsGrantedTwoFailures()
    {
        Report("b", CallOutcome.Succeeded, CallOutcome.Failed, CallOutcome.Failed);
        Report("b", CallOutcome.Succeeded, CallOutcome.Failed, CallOutcome.Failed);
        Assert.Equal("a b c d", Pickable());

        Report("b", CallOutcome.Failed);

        Assert.Equal("a c d", Pickable());
    }

    [Fact]
    public void Instance_ThatSucceedsWhileItIsOut_IsBackAtOnceAndStartsAfresh()
    {
        Report("b", CallOutcome.Failed);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Report("b", CallOutcome.Failed);

        Report("b", CallOutcome.Succeeded);

        Assert.Equal(("a b c d", 0), (Pickable(), _clock.ArmedTimers));
        Report("b", CallOutcome.Failed, CallOutcome.Failed, CallOutcome.Failed);
        Assert.Equal("a c d", Pickable());
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a b c d", Pickable());
    }

    [Fact]
    public void Instance_ThatFailsWhileItIsOut_IsNotOutForLonger()
    {
        Report("b", CallOutcome.Failed, CallOutcome.Failed, CallOutcome.Failed, CallOutcome.Failed);

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("a b c d", Pickable());
    }

    [Fact]
    public void Cancellation_ByTheCaller_SaysNothing()
    {
        Report("b", CallOutcome.Started, CallOutcome.Cancelled, CallOutcome.Cancelled, CallOutcome.Cancelled);

        Assert.Equal(("a b c d", 0), (Pickable(), Outstanding("b")));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a b", "b")]
    [InlineData("a b c", "b c")]
    [InlineData("a b c d e", "c d e")]
    public void Instances_ThatAllFail_AreLeftOutUpToAHalfAndNeverTheLast(string ids, string left)
    {
        Current = Snapshot(ids.Split(' '));
        foreach (var id in ids.Split(' '))
        {
            Report(id, CallOutcome.Failed);
        }

        Assert.Equal(left, Pickable());
        _clock.Advance(Longest);
        Assert.Equal((ids, 0), (Pickable(), _clock.ArmedTimers));
    }

    [Fact]
    public void Instances_OnAShard_AreLeftOutUpToAHalfOfTheShard()
    {
        Current = TestCatalog.Snapshot([On("a", "s0"), On("b", "s0"), On("c", "s1"), On("d", "s1"), On("e", "s1"), On("f", "s2")]);
        foreach (var id in new[] { "a", "b", "f" })
        {
            Report(id, CallOutcome.Failed);
        }

        Assert.Equal("c d e", Pickable());
        Assert.Equal("b", Pickable(new() { Shard = "s0" }));
        Assert.Equal("f", Pickable(new() { Shard = "s2" }));
        Assert.Null(_service.CreatePickSets(Current.Serving, Current.MayHaveWeights).Among(new() { Shard = "s3" }, null));
        // A preference is none once nobody there is left.
        Assert.Equal("c d e", Pickable(new() { PreferredShard = "s0" }));

        static ServiceInstance On(string id, string shard) => Instance(id) with { Shard = shard };
    }

    [Fact]
    public void Zone_Preferred_IsLeftWhenNobodyThereCanBePicked()
    {
        Current = TestCatalog.Snapshot([In("a", "east"), In("b", "east"), In("c", "west"), In("d", "west"), In("e", null)]);
        var east = new ServiceQuery { PreferredZone = "east" };

        Assert.Equal("a b", Pickable(east));
        Assert.Equal("c d", Pickable(default, "west"));
        Assert.Equal("a b", Pickable(east, "west"));
        Assert.Equal("a b c d e", Pickable(new() { PreferredZone = "" }, "west"));
        Assert.Equal("a b c d e", Pickable(new() { PreferredZone = "north" }));

        Report("a", CallOutcome.Failed);
        Assert.Equal("b", Pickable(east));
        Report("b", CallOutcome.Failed);
        Assert.Equal("c d e", Pickable(east));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a b", Pickable(east));

        static ServiceInstance In(string id, string? zone) => Instance(id) with { Zone = zone };
    }

    [Fact]
    public void Preferences_ForShardAndZone_NarrowEachOther()
    {
        Current = TestCatalog.Snapshot([Of("a", "s0", "east"), Of("b", "s0", "west"), Of("c", "s1", "east"), Of("d", "s1", "west")]);

        Assert.Equal("b", Pickable(new() { Shard = "s0", PreferredZone = "west" }));
        Assert.Equal("c", Pickable(new() { PreferredShard = "s1", PreferredZone = "east" }));
        Assert.Equal("a b", Pickable(new() { Shard = "s0", PreferredShard = "s1", PreferredZone = "north" }));

        static ServiceInstance Of(string id, string shard, string zone) => Instance(id) with { Shard = shard, Zone = zone };
    }

    [Fact]
    public void Ejection_OfAnInstanceThatIsStillTheSame_LastsAcrossSnapshots()
    {
        Report("b", CallOutcome.Failed);
        Assert.Equal("a c d", Pickable());

        Current = TestCatalog.Snapshot([.. Current.Instances, Instance("e")]);

        Assert.Equal("a c d e", Pickable());
    }

    [Fact]
    public void Ejection_OfAnInstanceThatIsGoneOrWrittenAnew_IsForgotten()
    {
        Report("a", CallOutcome.Failed);
        Report("b", CallOutcome.Failed);
        Assert.Equal(("c d", 2), (Pickable(), _clock.ArmedTimers));

        var anew = Current.Instances[1] with { Hostname = "elsewhere" };
        Current = TestCatalog.Snapshot([anew, .. Current.Instances[2..]]);

        Assert.Equal(("b c d", 0), (Pickable(), _clock.ArmedTimers));
    }

    [Fact]
    public void Report_OnAnInstanceThatNobodyKnows_IsIgnored()
    {
        Report("x", CallOutcome.Started, CallOutcome.Failed, CallOutcome.Failed, CallOutcome.Failed);

        Assert.Equal(("a b c d", 0), (Pickable(), _clock.ArmedTimers));
        Report("b", CallOutcome.Started);
        Current = Snapshot("a", "c", "d");
        Report("b", CallOutcome.Failed);
        Assert.Equal(("a c d", 0), (Pickable(), _clock.ArmedTimers));
    }

    [Fact]
    public void Outstanding_WithEndsThatNeverStarted_IsNeverBelowZero()
    {
        Report("b", CallOutcome.Succeeded, CallOutcome.Succeeded, CallOutcome.Cancelled, CallOutcome.Failed);
        Assert.Equal(0, Outstanding("b"));

        Report("b", CallOutcome.Started, CallOutcome.Started, CallOutcome.Failed);

        Assert.Equal(1, Outstanding("b"));
    }

    [Fact]
    public void Outstanding_OfManyInstancesThatCameAndWent_IsThatOfEach()
    {
        for (var generation = 0; generation < 20; generation++)
        {
            Current = Snapshot([.. Enumerable.Range(0, 100).Select(i => $"{generation}-{i:D3}")]);
            foreach (var (index, instance) in Current.Instances.Index())
            {
                Report(instance.Id, [.. Enumerable.Repeat(CallOutcome.Started, index % 5)]);
            }

            Assert.All(Current.Instances.Index(), each => Assert.Equal(each.Index % 5, Outstanding(each.Item.Id)));
            foreach (var (index, instance) in Current.Instances.Index())
            {
                Report(instance.Id, [.. Enumerable.Repeat(CallOutcome.Cancelled, index % 5)]);
            }
        }
    }

    [Fact]
    public void Dispose_WithInstancesThatAreOut_LeavesNoTimer()
    {
        Report("a", CallOutcome.Failed);
        Report("b", CallOutcome.Failed);

        _service.Dispose();
        Report("c", CallOutcome.Failed);

        Assert.Equal(0, _clock.ArmedTimers);
    }

    public void Dispose() => _service.Dispose();

    private static ServiceView Snapshot(params string[] ids) => TestCatalog.Snapshot([.. ids.Select(Instance)]);

    private static ServiceInstance Instance(string id) => new() { Id = id, ServiceName = "shop" };

    private void Report(string id, params CallOutcome[] outcomes)
    {
        foreach (var outcome in outcomes)
        {
            _service.Report(id, outcome);
        }
    }

    private string Pickable(ServiceQuery query = default, string? zone = null) =>
        string.Join(' ', _service.CreatePickSets(Current.Serving, Current.MayHaveWeights).Among(query, zone)!.Select(instance => instance.Id));

    private int Outstanding(string id)
    {
        var set = _service.CreatePickSets(Current.Serving, Current.MayHaveWeights).All!;
        return set.GetOutstanding(set.ToList().FindIndex(instance => instance.Id == id));
    }
}
