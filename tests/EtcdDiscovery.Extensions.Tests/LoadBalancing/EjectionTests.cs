using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.LoadBalancing;

/// <summary>Instances that fail are ejected for a while.</summary>
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
    public void Instance_Fails_IsEjectedForAWhile()
    {
        Fail("b");
        Assert.Equal("a c d", Pickable());

        _clock.Advance(TimeSpan.FromSeconds(0.99));
        Assert.Equal("a c d", Pickable());
        _clock.Advance(TimeSpan.FromSeconds(1.01));

        Assert.Equal("a b c d", Pickable());
        Assert.Equal(0, _clock.ArmedTimers);
    }

    [Fact]
    public void Instance_KeepsFailing_IsEjectedTwiceAsLongUpToAMinute()
    {
        var nominal = 2.0;
        for (var time = 0; time < 8; time++)
        {
            Fail("b");
            Assert.Equal("a c d", Pickable());
            // Half of the time is jitter.
            _clock.Advance(TimeSpan.FromSeconds((nominal / 2) - 0.01));
            Assert.Equal("a c d", Pickable());
            _clock.Advance(TimeSpan.FromSeconds((nominal / 2) + 0.01));
            Assert.Equal("a b c d", Pickable());
            nominal = Math.Min(2 * nominal, Longest.TotalSeconds);
        }
    }

    [Fact]
    public void EjectionTimes_OfManyInstances_Differ()
    {
        Current = Snapshot([.. Enumerable.Range(0, 100).Select(i => $"{i:D3}")]);
        for (var i = 0; i < 50; i++)
        {
            Fail($"{i:D3}");
        }

        _clock.Advance(TimeSpan.FromSeconds(1.5));

        Assert.InRange(Pickable().Split(' ').Length, 60, 90);
    }

    [Fact]
    public void Instance_HasSucceeded_ToleratesTwoFailures()
    {
        Succeed("b");
        Fail("b", times: 2);
        Succeed("b");
        Fail("b", times: 2);
        Assert.Equal("a b c d", Pickable());

        Fail("b");

        Assert.Equal("a c d", Pickable());
    }

    [Fact]
    public void Instance_SucceedsWhileEjected_ReturnsAndResetsItsCount()
    {
        Fail("b");
        _clock.Advance(TimeSpan.FromSeconds(2));
        Fail("b");

        Succeed("b");

        Assert.Equal(("a b c d", 0), (Pickable(), _clock.ArmedTimers));
        Fail("b", times: 3);
        Assert.Equal("a c d", Pickable());
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a b c d", Pickable());
    }

    [Fact]
    public void Instance_FailsWhileEjected_IsNotEjectedForLonger()
    {
        Fail("b", times: 4);

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("a b c d", Pickable());
    }

    [Fact]
    public void Cancellation_ByTheCaller_DoesNotCount()
    {
        Cancel("b");
        Cancel("b");
        Cancel("b");

        Assert.Equal(("a b c d", 0), (Pickable(), Outstanding("b")));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a b", "b")]
    [InlineData("a b c", "b c")]
    [InlineData("a b c d e", "c d e")]
    public void Instances_AllFail_AtMostHalfAreEjectedAndNeverTheLast(string ids, string pickable)
    {
        Current = Snapshot(ids.Split(' '));
        foreach (var id in ids.Split(' '))
        {
            Fail(id);
        }

        Assert.Equal(pickable, Pickable());
        _clock.Advance(Longest);
        Assert.Equal((ids, 0), (Pickable(), _clock.ArmedTimers));
    }

    [Fact]
    public void Instances_OfAShardAllFail_AtMostHalfOfTheShardAreEjected()
    {
        Current = TestCatalog.Snapshot([On("a", "s0"), On("b", "s0"), On("c", "s1"), On("d", "s1"), On("e", "s1"), On("f", "s2")]);
        foreach (var id in new[] { "a", "b", "f" })
        {
            Fail(id);
        }

        Assert.Equal("c d e", Pickable());
        Assert.Equal("b", Pickable(new() { Shard = "s0" }));
        Assert.Equal("f", Pickable(new() { Shard = "s2" }));
        Assert.Null(_service.CreatePickSets(Current.Serving, Current.MayHaveWeights).Select(new() { Shard = "s3" }, null));
        // A preferred shard is ignored once none of its instances can be picked.
        Assert.Equal("c d e", Pickable(new() { PreferredShard = "s0" }));

        static ServiceInstance On(string id, string shard) => Instance(id) with { Shard = shard };
    }

    [Fact]
    public void PreferredZone_AllEjected_IsIgnored()
    {
        Current = TestCatalog.Snapshot([In("a", "east"), In("b", "east"), In("c", "west"), In("d", "west"), In("e", null)]);
        var east = new ServiceQuery { PreferredZone = "east" };

        Assert.Equal("a b", Pickable(east));
        Assert.Equal("c d", Pickable(default, "west"));
        Assert.Equal("a b", Pickable(east, "west"));
        Assert.Equal("a b c d e", Pickable(new() { PreferredZone = "" }, "west"));
        Assert.Equal("a b c d e", Pickable(new() { PreferredZone = "north" }));

        Fail("a");
        Assert.Equal("b", Pickable(east));
        Fail("b");
        Assert.Equal("c d e", Pickable(east));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a b", Pickable(east));

        static ServiceInstance In(string id, string? zone) => Instance(id) with { Zone = zone };
    }

    [Fact]
    public void Preferences_ForShardAndZone_AreCombined()
    {
        Current = TestCatalog.Snapshot([Of("a", "s0", "east"), Of("b", "s0", "west"), Of("c", "s1", "east"), Of("d", "s1", "west")]);

        Assert.Equal("b", Pickable(new() { Shard = "s0", PreferredZone = "west" }));
        Assert.Equal("c", Pickable(new() { PreferredShard = "s1", PreferredZone = "east" }));
        Assert.Equal("a b", Pickable(new() { Shard = "s0", PreferredShard = "s1", PreferredZone = "north" }));

        static ServiceInstance Of(string id, string shard, string zone) => Instance(id) with { Shard = shard, Zone = zone };
    }

    [Fact]
    public void Ejection_InstanceUnchanged_SurvivesNewSnapshots()
    {
        Fail("b");
        Assert.Equal("a c d", Pickable());

        Current = TestCatalog.Snapshot([.. Current.Instances, Instance("e")]);

        Assert.Equal("a c d e", Pickable());
    }

    [Fact]
    public void Ejection_InstanceRemovedOrRewritten_IsCleared()
    {
        Fail("a");
        Fail("b");
        Assert.Equal(("c d", 2), (Pickable(), _clock.ArmedTimers));

        var rewritten = Current.Instances[1] with { Hostname = "elsewhere" };
        Current = TestCatalog.Snapshot([rewritten, .. Current.Instances.Skip(2)]);

        Assert.Equal(("b c d", 0), (Pickable(), _clock.ArmedTimers));
    }

    [Fact]
    public void StartCall_ToAnUnknownInstance_IsNotCounted()
    {
        var call = _service.StartCall("x");
        call.Complete(succeeded: false);

        Assert.Same(ServiceCall.None, call);
        Assert.Equal(("a b c d", 0), (Pickable(), _clock.ArmedTimers));
    }

    [Fact]
    public void Call_ToARemovedInstance_EjectsNothing()
    {
        var call = _service.StartCall("b");
        Current = Snapshot("a", "c", "d");

        call.Complete(succeeded: false);

        Assert.Same(ServiceCall.None, _service.StartCall("b"));
        Assert.Equal(("a c d", 0), (Pickable(), _clock.ArmedTimers));
        Current = Snapshot("a", "b", "c", "d");
        Assert.Equal(("a b c d", 0), (Pickable(), Outstanding("b")));
    }

    [Fact]
    public void Call_InstanceIsRemovedAndReturns_StillCounts()
    {
        using var call = _service.StartCall("b");

        Current = Snapshot("a", "c", "d");
        Current = Snapshot("a", "b", "c", "d");

        Assert.Equal(1, Outstanding("b"));
        call.Dispose();
        Assert.Equal(0, Outstanding("b"));
    }

    [Fact]
    public void Call_CompletedRepeatedly_CountsTheFirstResult()
    {
        using var other = _service.StartCall("b");
        var failed = _service.StartCall("b");
        failed.Complete(succeeded: false);
        failed.Complete(succeeded: true);
        failed.Dispose();
        Assert.Equal("a c d", Pickable());

        foreach (var id in new[] { "a", "c", "d" })
        {
            var succeeded = _service.StartCall(id);
            succeeded.Complete(succeeded: true);
            Repeat(() => succeeded.Complete(succeeded: false));
            var canceled = _service.StartCall(id);
            canceled.Dispose();
            Repeat(() => canceled.Complete(succeeded: false));
        }

        Assert.Equal("a c d", Pickable());
        Assert.Equal((0, 0, 0), (Outstanding("a"), Outstanding("c"), Outstanding("d")));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, Outstanding("b"));

        static void Repeat(Action act) => Array.ForEach(new int[3], _ => act());
    }

    [Fact]
    public async Task Calls_CompletedByTwoThreads_CountOnce()
    {
        const int Count = 20_000;
        using var other = _service.StartCall("b");
        var calls = Enumerable.Range(0, Count).Select(_ => _service.StartCall("b")).ToList();
        Assert.Equal(Count + 1, Outstanding("b"));

        var arrivals = 0;
        var completing = CompleteInStepAsync(call => call.Complete(succeeded: true));
        await Task.WhenAll(completing, CompleteInStepAsync(call => call.Dispose()));

        Assert.Equal(1, Outstanding("b"));

        // The threads meet before each call; otherwise one would complete many calls before the other starts. They spin before they
        // yield, so that neither is late.
        Task CompleteInStepAsync(Action<ServiceCall> end) => Task.Factory.StartNew(
            () =>
            {
                foreach (var (index, call) in calls.Index())
                {
                    Interlocked.Increment(ref arrivals);
                    for (var spins = 0; Volatile.Read(ref arrivals) < 2 * (index + 1); spins++)
                    {
                        if (spins > 10_000)
                        {
                            Thread.Yield();
                        }
                    }

                    end(call);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    [Fact]
    public void None_Completed_DoesNothing()
    {
        ServiceCall.None.Complete(succeeded: true);
        ServiceCall.None.Complete(succeeded: false);
        ServiceCall.None.Dispose();

        Assert.Same(ServiceCall.None, ServiceCall.None);
    }

    [Fact]
    public void Outstanding_InstancesReplacedRepeatedly_IsCountedPerInstance()
    {
        for (var generation = 0; generation < 20; generation++)
        {
            var calls = new List<ServiceCall>();
            Current = Snapshot([.. Enumerable.Range(0, 100).Select(i => $"{generation}-{i:D3}")]);
            foreach (var (index, instance) in Current.Instances.Index())
            {
                calls.AddRange(Enumerable.Range(0, index % 5).Select(_ => _service.StartCall(instance.Id)));
            }

            Assert.All(Current.Instances.Index(), each => Assert.Equal(each.Index % 5, Outstanding(each.Item.Id)));
            calls.ForEach(call => call.Dispose());
        }
    }

    [Fact]
    public void Dispose_InstancesAreEjected_LeavesNoTimer()
    {
        Fail("a");
        Fail("b");

        _service.Dispose();
        Fail("c");

        Assert.Equal(0, _clock.ArmedTimers);
    }

    public void Dispose() => _service.Dispose();

    private static ServiceView Snapshot(params string[] ids) => TestCatalog.Snapshot([.. ids.Select(Instance)]);

    private static ServiceInstance Instance(string id) => new() { Id = id, ServiceName = "shop" };

    private void Succeed(string id) => _service.StartCall(id).Complete(succeeded: true);

    private void Fail(string id, int times = 1)
    {
        for (var time = 0; time < times; time++)
        {
            _service.StartCall(id).Complete(succeeded: false);
        }
    }

    private void Cancel(string id) => _service.StartCall(id).Dispose();

    private string Pickable(ServiceQuery query = default, string? zone = null) =>
        string.Join(' ', _service.CreatePickSets(Current.Serving, Current.MayHaveWeights).Select(query, zone)!.Select(instance => instance.Id));

    private int Outstanding(string id)
    {
        var set = _service.CreatePickSets(Current.Serving, Current.MayHaveWeights).All!;
        return set.GetOutstanding(set.ToList().FindIndex(instance => instance.Id == id));
    }
}
