using System.Text;
using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Resolution;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The ordered instances of snapshots, compared with a trivial implementation.</summary>
public sealed class InstanceChangesTests
{
    private const int Rounds = 300;

    // Few ids, so that they collide; some sort differently in UTF-16 and UTF-8, and some are prefixes of others.
    private static readonly string[] Ids =
        [.. "a b c aa ab ba Z 0 - ~ é ～ 😀 😀a ～a a-host a-host-2 \uE000 \uFFFD 𐀀".Split(' ')];

    [Fact]
    public void Apply_NothingToAnEmptyList_IsEmpty() => Assert.Empty(Apply([], []));

    [Fact]
    public void Apply_NoChange_KeepsEveryObject()
    {
        ServiceInstance[] before = [New("a"), New("b")];

        AssertSame(before, Apply(before, []));
    }

    [Fact]
    public void Apply_AdditionReplacementAndRemoval_KeepsTheOrderOfKeys()
    {
        ServiceInstance[] before = [New("b"), New("c")];
        var (newA, newC) = (New("a"), New("c"));

        var after = Apply(before, Changes(before, ("a", newA), ("b", null), ("c", newC)));

        AssertSame([newA, newC], after);
    }

    [Fact]
    public void Apply_AnyChanges_AgreesWithADictionary()
    {
        var random = new Random(1);
        for (var round = 0; round < Rounds; round++)
        {
            var before = RandomSet(random);
            var changes = RandomChanges(random, before);
            var expected = before.ToDictionary(instance => instance.Id, StringComparer.Ordinal);
            foreach (var change in changes)
            {
                if (change.After is null)
                {
                    expected.Remove(change.Id);
                }
                else
                {
                    expected[change.Id] = change.After;
                }
            }

            AssertSame(InOrder(expected.Values), Apply(before, changes));
            AssertSame(
                InOrder(expected.Values.Where(InstanceChanges.IsServing)),
                InstanceChanges.Apply(InstanceList.Of(Array.FindAll(before, InstanceChanges.IsServing)), changes, InstanceChanges.IsServing));
        }
    }

    [Fact]
    public void Find_AnyId_AgreesWithALinearSearch()
    {
        var random = new Random(2);
        for (var round = 0; round < Rounds; round++)
        {
            var instances = RandomSet(random);
            foreach (var id in Ids)
            {
                var index = Array.FindIndex(instances, instance => instance.Id == id);
                var expected = index >= 0 ? index : ~instances.Count(instance => Bytewise(instance.Id, id) < 0);
                Assert.Equal(expected, InstanceList.Of(instances).IndexOf(id));
            }
        }
    }

    [Fact]
    public void Differences_OfASetToItself_AreNone()
    {
        var instances = RandomSet(new Random(3));

        Assert.Empty(InstanceChanges.Differences(instances, instances));
        Assert.Empty(InstanceChanges.Differences(instances, [.. instances]));
    }

    [Fact]
    public void Differences_OfAnyTwoSets_AgreeWithADictionaryAndComeInTheOrderOfKeys()
    {
        var random = new Random(4);
        for (var round = 0; round < Rounds; round++)
        {
            var before = RandomSet(random);
            var after = Apply(before, RandomChanges(random, before));

            Assert.Equal(Naive(before, after), InstanceChanges.Differences(before, after));
        }
    }

    [Fact]
    public void Differences_AppliedToTheFirstSet_YieldTheSecond()
    {
        var random = new Random(5);
        for (var round = 0; round < Rounds; round++)
        {
            var (before, after) = (RandomSet(random), RandomSet(random));
            AssertSame(after, Apply(before, InstanceChanges.Differences(before, after)));
        }
    }

    [Fact]
    public void Apply_ToTenThousand_FindsThePositions()
    {
        var before = InOrder(Enumerable.Range(0, 10_000).Select(i => New($"{i:00000}")));
        var (replaced, added) = (New("05000"), New("10000"));

        var after = Apply(before, Changes(before, ("00000", null), ("05000", replaced), ("10000", added)));

        Assert.Equal(10_000, after.Length);
        Assert.Same(before[1], after[0]);
        Assert.Same(replaced, after[4_999]);
        Assert.Same(added, after[^1]);
    }

    [Fact]
    public void Apply_ManyChangesToALargeList_AgreesWithADictionary()
    {
        var random = new Random(6);
        var expected = new Dictionary<string, ServiceInstance>(StringComparer.Ordinal);
        var list = InstanceList.Empty;
        for (var round = 0; round < Rounds; round++)
        {
            // Grows to some thousands, and shrinks to nothing again.
            var (growing, last) = (round < Rounds / 2, round == Rounds - 1);
            var changes = Enumerable.Range(0, 5_000)
                .Where(_ => last || random.Next(50) == 0)
                .Select(i => $"{i:00000}")
                .Select(id => new InstanceChange(expected.GetValueOrDefault(id), growing || (!last && random.Next(3) == 0) ? New(id) : null))
                .Where(change => change is not { Before: null, After: null })
                .ToList();
            foreach (var change in changes)
            {
                expected.Remove(change.Id);
                if (change.After is not null)
                {
                    expected.Add(change.Id, change.After);
                }
            }

            list = InstanceChanges.Apply(list, changes);

            var inOrder = InOrder(expected.Values);
            AssertSame(inOrder, list);
            AssertSame(inOrder, Enumerable.Range(0, list.Count).Select(i => list[i]));
            AssertSame(inOrder, list.ToImmutableArray());
            Assert.Equal(Enumerable.Range(0, list.Count), inOrder.Select(instance => list.IndexOf(instance.Id)));
        }

        Assert.Empty(list);
    }

    [Fact]
    public void Apply_AChange_DoesNotAffectTheListBefore()
    {
        var instances = InOrder(Enumerable.Range(0, 1_000).Select(i => New($"{i:00000}")));
        var before = InstanceList.Of([.. instances]);

        InstanceChanges.Apply(before, Changes(instances, ("00300", null), ("00500", New("00500"))));

        AssertSame(instances, before);
    }

    private static void AssertSame(IEnumerable<ServiceInstance> expected, IEnumerable<ServiceInstance> actual) =>
        Assert.Equal<ServiceInstance>(expected, actual, ReferenceEquals);

    private static List<InstanceChange> Naive(ServiceInstance[] before, ServiceInstance[] after) =>
        [.. Ids.Order(Comparer<string>.Create(Bytewise))
            .Select(id => new InstanceChange(
                before.SingleOrDefault(instance => instance.Id == id), after.SingleOrDefault(instance => instance.Id == id)))
            .Where(change => !ReferenceEquals(change.Before, change.After))
            .Select(change => change with { HasUnregistered = change is { After: null, Before.Status: ServiceStatus.Draining } })];

    private static ServiceInstance[] Apply(ServiceInstance[] before, IReadOnlyList<InstanceChange> changes) =>
        [.. InstanceChanges.Apply(InstanceList.Of(before), changes)];

    private static ServiceInstance[] RandomSet(Random random) =>
        InOrder(Ids.Where(_ => random.Next(3) == 0).Select(id => New(id, (ServiceStatus)random.Next(3))));

    private static List<InstanceChange> RandomChanges(Random random, ServiceInstance[] before) => Changes(
        before,
        [.. Ids.Where(_ => random.Next(4) == 0)
            .Select(id => (id, random.Next(2) == 0 ? null : New(id, (ServiceStatus)random.Next(3))))]);

    private static List<InstanceChange> Changes(
        ServiceInstance[] before, params (string Id, ServiceInstance? Instance)[] changes) =>
        [.. changes
            .Select(change => new InstanceChange(Array.Find(before, instance => instance.Id == change.Id), change.Instance))
            .Where(change => change is not { Before: null, After: null })
            .OrderBy(change => change.Id, Comparer<string>.Create(Bytewise))];

    private static ServiceInstance[] InOrder(IEnumerable<ServiceInstance> instances) =>
        [.. instances.OrderBy(instance => instance.Id, Comparer<string>.Create(Bytewise))];

    private static int Bytewise(string a, string b) =>
        Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    private static ServiceInstance New(string id, ServiceStatus status = ServiceStatus.Serving) =>
        new() { Id = id, ServiceName = "s", Status = status };
}
