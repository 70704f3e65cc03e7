using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EtcdDiscovery.Resolution;

/// <summary>Answers from the catalog's snapshots.</summary>
internal sealed class ServiceResolver(ServiceCatalog catalog, TimeProvider timeProvider) : IServiceResolver
{
    public async ValueTask<ServiceInfo> GetServiceAsync(string service, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(service, cancellationToken).ConfigureAwait(false);
        return Describe(service, snapshot);
    }

    public async ValueTask<IReadOnlyList<ServiceInstance>> GetInstancesAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(service, cancellationToken).ConfigureAwait(false);
        return ImmutableCollectionsMarshal.AsImmutableArray(Matching(service, snapshot, query));
    }

    public ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) =>
        catalog.TryGetSnapshot(service, out var snapshot) && snapshot.On(query.Shard) is { Length: > 0 } instances
            ? new(Pick(instances))
            : PickAsync(service, query, cancellationToken);

    public async ValueTask<ServiceInstance> GetFirstInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(service, cancellationToken).ConfigureAwait(false);
        return Matching(service, snapshot, query)[0];
    }

    public async ValueTask<Uri> GetUriAsync(
        string service, string scheme, string path, ServiceQuery query, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(service, cancellationToken).ConfigureAwait(false);
        if (snapshot.Info is { Public: true } info && query is { Shard: null, Network: ServiceNetwork.Public })
        {
            return info.GetUri(scheme, path);
        }

        var instance = Pick(Matching(service, snapshot, query));
        return query.Network == ServiceNetwork.Private
            ? instance.GetPrivateUri(scheme, path)
            : instance.GetUri(scheme, path);
    }

    public async ValueTask<ServiceSnapshot> GetSnapshotAsync(string service, CancellationToken cancellationToken)
    {
        var watched = catalog.Watch(service);
        var snapshot = await watched.GetAsync(cancellationToken).ConfigureAwait(false);
        var staleSince = watched.StaleSince;
        return new ServiceSnapshot
        {
            Service = Describe(service, snapshot),
            Instances = ImmutableCollectionsMarshal.AsImmutableArray(snapshot.Instances),
            Revision = snapshot.Revision,
            AsOf = staleSince ?? timeProvider.GetUtcNow(),
            Source = staleSince is null ? SnapshotSource.Live : SnapshotSource.Stale,
            UnreadableEntries = watched.UnreadableEntries,
        };
    }

    public async IAsyncEnumerable<ServiceChange> WatchAsync(
        string service, ServiceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watched = catalog.Watch(service);
        CatalogSnapshot? seen = null;
        while (true)
        {
            var latest = await watched.GetNewerAsync(seen, cancellationToken).ConfigureAwait(false);
            var changes = InstanceArray.Differences(
                seen?.On(query.Shard) ?? [], latest.On(query.Shard), id => watched.ExplainDown(id, latest));
            foreach (var change in changes)
            {
                yield return change;
            }

            seen = latest;
        }
    }

    private static ServiceInstance Pick(ServiceInstance[] instances) => instances[Random.Shared.Next(instances.Length)];

    private static ServiceInfo Describe(string service, CatalogSnapshot snapshot) =>
        snapshot.Info ?? new ServiceInfo { Name = service };

    private static ServiceInstance[] Matching(string service, CatalogSnapshot snapshot, ServiceQuery query)
    {
        if (snapshot.Serving.Length == 0)
        {
            throw snapshot is { Info: null, Instances.Length: 0 }
                ? new ServiceNotFoundException(service)
                : new NoInstanceFoundException(service);
        }

        var instances = snapshot.On(query.Shard);
        return instances.Length > 0 ? instances : throw new NoInstanceOnShardException(service, query.Shard!);
    }

    private ValueTask<CatalogSnapshot> SnapshotAsync(string service, CancellationToken cancellationToken) =>
        catalog.TryGetSnapshot(service, out var snapshot)
            ? new(snapshot)
            : catalog.Watch(service).GetAsync(cancellationToken);

    private async ValueTask<ServiceInstance> PickAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(service, cancellationToken).ConfigureAwait(false);
        return Pick(Matching(service, snapshot, query));
    }
}
