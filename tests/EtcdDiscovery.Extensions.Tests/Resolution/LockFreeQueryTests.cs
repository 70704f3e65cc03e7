using System.Reflection;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A query that any view can answer takes no lock, not even the first one after a change.</summary>
public sealed class LockFreeQueryTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(InstanceBalancing.Random)]
    [InlineData(InstanceBalancing.RoundRobin)]
    public async Task DefaultQuery_AfterAChange_IsAnsweredWhileAnotherThreadHoldsEveryLock(InstanceBalancing balancing)
    {
        await using var catalog = new TestCatalog();
        var resolver = new ServiceResolver(catalog.Catalog, InstancePickers.Of(balancing), preferredZone: null);
        await catalog.PutAsync(Service, "a");
        await resolver.GetInstanceAsync(Service, default, Token);
        var superseded = catalog.Catalog.Watch(Service).View.Superseded;
        await catalog.PutAsync(Service, "b");
        await superseded.WaitAsync(Eventually.Patience, Token);

        using var locks = new HeldLocks(catalog.Catalog);
        var answered = Task.Run(() => Enumerable.Range(0, 100)
            .Select(_ => resolver.GetInstanceAsync(Service, default, Token))
            .All(answer => answer.IsCompletedSuccessfully));

        Assert.True(await answered.WaitAsync(Eventually.Patience, Token));
        Assert.True(locks.Count >= 3, "The locks of the catalog, the watcher and the balancer were not all found.");
    }

    [Fact]
    public async Task DefaultQuery_OfAKnownServiceWithoutInstances_FailsWhileAnotherThreadHoldsEveryLock()
    {
        await using var catalog = new TestCatalog();
        await Assert.ThrowsAsync<ServiceNotFoundException>(async () => await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token));

        using var locks = new HeldLocks(catalog.Catalog);
        var answered = Task.Run(async () => await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token));

        await Assert.ThrowsAsync<ServiceNotFoundException>(() => answered.WaitAsync(Eventually.Patience, Token));
    }

    /// <summary>Holds, on another thread, every lock that is reachable through the fields of an object of the library.</summary>
    private sealed class HeldLocks : IDisposable
    {
        private readonly ManualResetEventSlim _release = new();
        private readonly Thread _holder;

        public HeldLocks(object root)
        {
            var locks = new List<Lock>();
            Collect(root, locks, new HashSet<object>(ReferenceEqualityComparer.Instance));
            using var held = new ManualResetEventSlim();
            _holder = new Thread(() =>
            {
                locks.ForEach(each => each.Enter());
                held.Set();
                _release.Wait();
                locks.ForEach(each => each.Exit());
            });
            _holder.Start();
            held.Wait();
            Count = locks.Count;
        }

        public int Count { get; }

        public void Dispose()
        {
            _release.Set();
            _holder.Join();
            _release.Dispose();
        }

        private static void Collect(object value, List<Lock> locks, HashSet<object> seen)
        {
            if (!seen.Add(value))
            {
                return;
            }

            if (value is Lock found)
            {
                locks.Add(found);
            }
            else if (value is IEnumerable<KeyValuePair<string, ServiceWatcher>> watchers)
            {
                watchers.ToList().ForEach(watcher => Collect(watcher.Value, locks, seen));
            }
            else if (value.GetType().Namespace is "EtcdDiscovery.Resolution" or "EtcdDiscovery.LoadBalancing")
            {
                foreach (var field in value.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public))
                {
                    if (!field.FieldType.IsValueType && field.GetValue(value) is { } member)
                    {
                        Collect(member, locks, seen);
                    }
                }
            }
        }
    }
}
