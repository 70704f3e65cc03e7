using System.Collections.Concurrent;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Picks an instance with the resolver, and with the minimum of work.</summary>
internal sealed class ResolveCalls(
    IServiceResolver resolver, ConcurrentDictionary<string, ServiceInstance[]> arrays, string service, ServiceQuery query)
{
    public void Ours(int calls)
    {
        ServiceInstance? picked = null;
        for (var call = 0; call < calls; call++)
        {
            var answer = resolver.GetInstanceAsync(service, query);
            picked = answer.IsCompletedSuccessfully ? answer.Result : throw NotWarm();
        }

        GC.KeepAlive(picked);
    }

    public void Baseline(int calls)
    {
        ServiceInstance? picked = null;
        for (var call = 0; call < calls; call++)
        {
            var instances = arrays.TryGetValue(service, out var known) ? known : throw NotWarm();
            picked = instances[Random.Shared.Next(instances.Length)];
        }

        GC.KeepAlive(picked);
    }

    private static InvalidOperationException NotWarm() => new("The catalog is not warm.");
}
