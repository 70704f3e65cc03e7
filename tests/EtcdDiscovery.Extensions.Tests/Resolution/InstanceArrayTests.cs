using System.Text;
using EtcdDiscovery.Model;
using EtcdDiscovery.Resolution;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The ordered arrays that snapshots are made of, against an implementation that is too simple to be wrong.</summary>
public sealed class InstanceArrayTests
{
    private const int Rounds = 300;

    // Few ids, so that they meet; some that UTF-16 and UTF-8 order differently, and some that begin with each other.
    private static readonly string[] Ids =
        [.. "a b c aa ab ba Z 0 - ~ é ～ 😀 😀a ～a a-host a-host-2 \uE000 \uFFFD 𐀀".Split(' ')];

    [Fact]
    public void Apply_NothingToNothing_IsNothing() => Assert.Empty(InstanceArray.Apply([], []));

    [Fact]
    public void Apply_NoChange_KeepsEveryObject()
    {
        ServiceInstance[] before = [New("a"), New("b")];

        AssertSame(before, InstanceArray.Apply(before, []));
    }

    [Fact]
    public void Apply_RemovalOfWhatIsNotThere_ChangesNothing()
    {
        ServiceInstance[] before = [New("b")];

        AssertSame(before, InstanceArray.Apply(before, Changes(("a", null), ("c", null))));
    }

    [Fact]
    public void Apply_AdditionReplacementAndRemoval_KeepsTheOrderOfKeys()
    {
        var (b, c, newA, newC) = (New("b"), New("c"), New("a"), New("c"));

        var after = InstanceArray.Apply([b, c], Changes(("a", newA), ("b", null), ("c", newC)));

        AssertSame([newA, newC], after);
    }

    [Fact]
    public void Apply_AnyChanges_AgreesWithADictionary()
    {
        var random = new Random(1);
        for (var round = 0; round < Rounds; round++)
        {
            var before = RandomSet(random);
            var changes = RandomChanges(random);
            var expected = before.ToDictionary(instance => instance.Id, StringComparer.Ordinal);
            foreach (var (id, instance) in changes)
            {
                if (instance is null)
                {
                    expected.Remove(id);
                }
                else
                {
                    expected[id] = instance;
                }
            }

            AssertSame(InOrder(expected.Values), InstanceArray.Apply(before, changes));
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
                Assert.Equal(expected, InstanceArray.Find(instances, id));
            }
        }
    }

    [Fact]
    public void Differences_OfASetToItself_AreNone()
    {
        var instances = RandomSet(new Random(3));

        Assert.Empty(Differences(instances, instances));
        Assert.Empty(Differences(instances, [.. instances]));
    }

    [Fact]
    public void Differences_OfAnyTwoSets_AgreeWithADictionaryAndComeInTheOrderOfKeys()
    {
        var random = new Random(4);
        for (var round = 0; round < Rounds; round++)
        {
            var before = RandomSet(random);
            var after = InstanceArray.Apply(before, RandomChanges(random));

            var changes = Differences(before, after).ToList();

            Assert.Equal(Naive(before, after), changes);
            AssertSame(InOrder(changes.Select(change => change.Instance)), changes.Select(change => change.Instance));
        }
    }

    [Fact]
    public void Differences_AppliedToTheFirstSet_MakeTheSecond()
    {
        var random = new Random(5);
        for (var round = 0; round < Rounds; round++)
        {
            var (before, after) = (RandomSet(random), RandomSet(random));
            var changes = new SortedList<string, ServiceInstance?>(Utf8Order.Instance);
            foreach (var (kind, instance) in Differences(before, after))
            {
                changes.Add(instance.Id, kind == ServiceChangeKind.Down ? null : instance);
            }

            AssertSame(after, InstanceArray.Apply(before, changes));
        }
    }

    [Fact]
    public void Apply_ToTenThousand_FindsItsPlaces()
    {
        var before = InOrder(Enumerable.Range(0, 10_000).Select(i => New($"{i:00000}")));
        var (replaced, added) = (New("05000"), New("10000"));

        var after = InstanceArray.Apply(before, Changes(("00000", null), ("05000", replaced), ("10000", added)));

        Assert.Equal(10_000, after.Length);
        Assert.Same(before[1], after[0]);
        Assert.Same(replaced, after[4_999]);
        Assert.Same(added, after[^1]);
    }

    private static void AssertSame(IEnumerable<ServiceInstance> expected, IEnumerable<ServiceInstance> actual) =>
        Assert.Equal<ServiceInstance>(expected, actual, ReferenceEquals);

    private static List<ServiceChange> Naive(ServiceInstance[] before, ServiceInstance[] after)
    {
        var changes = new List<ServiceChange>();
        foreach (var id in Ids.Order(Comparer<string>.Create(Bytewise)))
        {
            var old = before.SingleOrDefault(instance => instance.Id == id);
            var now = after.SingleOrDefault(instance => instance.Id == id);
            if (ReferenceEquals(old, now))
            {
                continue;
            }

            var kind = old is null ? ServiceChangeKind.Up : ServiceChangeKind.Updated;
            changes.Add(now is null ? Down(old!) : new ServiceChange(kind, now));
        }

        return changes;
    }

    private static ServiceInstance[] RandomSet(Random random) =>
        InOrder(Ids.Where(_ => random.Next(3) == 0).Select(New));

    private static SortedList<string, ServiceInstance?> RandomChanges(Random random) => Changes(
        [.. Ids.Where(_ => random.Next(4) == 0).Select(id => (id, random.Next(2) == 0 ? null : New(id)))]);

    private static SortedList<string, ServiceInstance?> Changes(params (string Id, ServiceInstance? Instance)[] changes)
    {
        var list = new SortedList<string, ServiceInstance?>(Utf8Order.Instance);
        foreach (var (id, instance) in changes)
        {
            list.Add(id, instance);
        }

        return list;
    }

    private static ServiceInstance[] InOrder(IEnumerable<ServiceInstance> instances) =>
        [.. instances.OrderBy(instance => instance.Id, Comparer<string>.Create(Bytewise))];

    private static int Bytewise(string a, string b) =>
        Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    private static ServiceInstance New(string id) => new() { Id = id, ServiceName = "s" };

    private static IEnumerable<ServiceChange> Differences(ServiceInstance[] before, ServiceInstance[] after) =>
        InstanceArray.Differences(before, after, _ => ServiceDownReason.Expired);

    private static ServiceChange Down(ServiceInstance instance) =>
        new(ServiceChangeKind.Down, instance) { DownReason = ServiceDownReason.Expired };
}
