using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Answers from the catalog's snapshots.</summary>
/// <param name="catalog">The services.</param>
/// <param name="picker">Picks instances, unless a query names another one.</param>
/// <param name="preferredZone">The zone to prefer, unless a query names another one.</param>
internal sealed class ServiceResolver(ServiceCatalog catalog, IInstancePicker picker, string? preferredZone) : IServiceResolver
{
    public async ValueTask<ServiceInfo> GetServiceAsync(string service, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(service, default, out _, cancellationToken).ConfigureAwait(false);
        return Describe(service, view);
    }

    public async ValueTask<IReadOnlyList<ServiceInstance>> GetInstancesAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(service, query, out _, cancellationToken).ConfigureAwait(false);
        return ImmutableCollectionsMarshal.AsImmutableArray(Matching(service, view, query));
    }

    // The most frequent query has the shortest way: eng/bench.sh resolve compares it with a look-up and a pick from an array.
    public ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) =>
        catalog.TryGetService(service, out var watched)
            && (query.LooksForAny && preferredZone is null ? DefaultSet(watched) : Among(watched, query)) is { } instances
            ? new(Pick(instances, query))
            : PickAsync(service, query, cancellationToken);

    public async ValueTask<ServiceInstance> GetFirstInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(service, query, out _, cancellationToken).ConfigureAwait(false);
        return Matching(service, view, query)[0];
    }

    public async ValueTask<Uri> GetUriAsync(
        string service, string scheme, string path, ServiceQuery query, bool includeCredentials, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(service, query, out var watched, cancellationToken).ConfigureAwait(false);
        if (view.Description is { Public: true } info && query is { Shard: null, Network: ServiceNetwork.Public })
        {
            return info.GetUri(scheme, path, includeCredentials);
        }

        var instance = Pick(watched, view, query);
        return query.Network == ServiceNetwork.Private
            ? instance.GetPrivateUri(scheme, path, includeCredentials)
            : instance.GetUri(scheme, path, includeCredentials);
    }

    public async ValueTask<ServiceSnapshot> GetSnapshotAsync(string service, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(service, default, out var watched, cancellationToken).ConfigureAwait(false);
        return Expose(watched, view);
    }

    public async IAsyncEnumerable<ServiceUpdate> WatchAsync(
        string service, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var queue = catalog.Subscribe(service, out var watched);
        while (true)
        {
            var (changes, view) = await queue.NextAsync(cancellationToken).ConfigureAwait(false);
            yield return new ServiceUpdate
            {
                Snapshot = Expose(watched, view),
                Changes = [.. changes.Select(change => change.OfServing()).OfType<ServiceChange>()],
            };
        }
    }

    public IChangeToken GetChangeToken(string service) => catalog.GetChangeToken(service);

    public ServiceCall StartCall(ServiceInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        return instance is { ServiceName: not null, Id: not null }
            && catalog.TryGetService(instance.ServiceName, out var watched)
            ? watched.StartCall(instance.Id)
            : ServiceCall.None;
    }

    private static ServiceSnapshot Expose(ServiceWatcher watched, ServiceView view) => new()
    {
        Service = Describe(watched.Name, view),
        Instances = ImmutableCollectionsMarshal.AsImmutableArray(view.Instances),
        Suspects = [.. view.Suspects.Select(view.Find).OfType<ServiceInstance>()],
        Revision = view.Revision,
        AsOf = view.Freshness.AsOf,
        Source = view.Freshness.Source,
        UnreadableEntries = watched.UnreadableEntries,
    };

    private static ServiceInfo Describe(string service, ServiceView view) =>
        view.Description ?? new ServiceInfo { Name = service };

    private static ServiceInstance[] Matching(string service, ServiceView view, ServiceQuery query)
    {
        if (view.Serving.Length == 0)
        {
            throw view is { Description: null, Instances.Length: 0 }
                ? new ServiceNotFoundException(service)
                : new NoInstanceFoundException(service);
        }

        var instances = view.OnShard(query.Shard);
        return instances.Length > 0 ? instances : throw new NoInstanceOnShardException(service, query.Shard!);
    }

    private ValueTask<ServiceView> ViewAsync(
        string service, in ServiceQuery query, out ServiceWatcher watched, CancellationToken cancellationToken) =>
        catalog.TryGetService(service, out watched!) && watched.TryGetView(query) is { } view
            ? new(view)
            : catalog.GetViewAsync(service, query, out watched, cancellationToken);

    private async ValueTask<ServiceInstance> PickAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(service, query, out var watched, cancellationToken).ConfigureAwait(false);
        return Pick(watched, view, query);
    }

    private ServiceInstance Pick(ServiceWatcher watched, ServiceView view, ServiceQuery query)
    {
        _ = Matching(watched.Name, view, query);
        return Pick(watched.PicksOf(view).Among(query, preferredZone)!, query);
    }

    private ServiceInstance Pick(InstanceSet instances, ServiceQuery query) =>
        (query.Picker ?? picker).Pick(instances) ?? throw PickedNothing(query);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private InstanceSet? Among(ServiceWatcher watched, ServiceQuery query) =>
        watched.TryGetView(query) is { } view ? watched.PicksOf(view).Among(query, preferredZone) : null;

    private static InstanceSet? DefaultSet(ServiceWatcher watched)
    {
        watched.Use();
        return watched.View.DefaultSet;
    }

    private InvalidOperationException PickedNothing(ServiceQuery query) =>
        new($"The instance picker {(query.Picker ?? picker).GetType()} returned null; it has to return one of the instances.");
}
