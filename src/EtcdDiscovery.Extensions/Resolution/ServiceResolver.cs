using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Resolution;

/// <summary>Answers queries from the catalog's views.</summary>
/// <param name="catalog">The services.</param>
/// <param name="picker">Picks instances, unless a query has its own picker.</param>
/// <param name="preferredZone">The zone to prefer, unless a query has its own.</param>
/// <param name="metrics">Counts failed queries; null to count none.</param>
internal sealed class ServiceResolver(
    ServiceCatalog catalog, IInstancePicker picker, string? preferredZone, ResolveMetrics? metrics = null) : IServiceResolver
{
    public async ValueTask<ServiceSnapshot> GetSnapshotAsync(
        string service, ReadConsistency consistency, CancellationToken cancellationToken)
    {
        try
        {
            var view = await ViewAsync(service, consistency, out var watched, cancellationToken).ConfigureAwait(false);
            return watched.Expose(view);
        }
        catch (EtcdDiscoveryException error)
        {
            metrics?.OnFailed(error);
            throw;
        }
    }

    // The hot path for the most frequent query. "eng/bench.sh resolve" compares it with a lookup and a pick from an array.
    public ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) =>
        catalog.TryGetService(service, out var watched)
            && (query.SelectsAny && preferredZone is null ? DefaultSet(watched) : Select(watched, query)) is { } instances
            ? new(Pick(instances, query))
            : PickAsync(service, query, cancellationToken);

    public async IAsyncEnumerable<ServiceUpdate> WatchAsync(
        string service, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var queue = catalog.Subscribe(service, out var watched);
        while (true)
        {
            var (changes, view) = await queue.NextAsync(cancellationToken).ConfigureAwait(false);
            yield return new ServiceUpdate
            {
                Snapshot = watched.Expose(view),
                Changes = [.. changes.Select(change => change.OfServing()).OfType<ServiceChange>()],
            };
        }
    }

    public ServiceCall StartCall(ServiceInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        return instance is { ServiceName: not null, Id: not null }
            && catalog.TryGetService(instance.ServiceName, out var watched)
            ? watched.StartCall(instance.Id)
            : ServiceCall.None;
    }

    private ValueTask<ServiceView> ViewAsync(
        string service, ReadConsistency consistency, out ServiceWatcher watched, CancellationToken cancellationToken) =>
        catalog.TryGetService(service, out watched!) && watched.TryGetView(consistency) is { } view
            ? new(view)
            : catalog.GetViewAsync(service, consistency, out watched, cancellationToken);

    private async ValueTask<ServiceInstance> PickAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        try
        {
            var view = await ViewAsync(service, default, out var watched, cancellationToken).ConfigureAwait(false);
            return Pick(Select(watched, view, query) ?? throw NoInstanceError(service, view, query), query);
        }
        catch (EtcdDiscoveryException error)
        {
            metrics?.OnFailed(error);
            throw;
        }
    }

    private ServiceInstance Pick(InstanceSet instances, ServiceQuery query) =>
        (query.Picker ?? picker).Pick(instances) ?? throw NullPickError(query);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private InstanceSet? Select(ServiceWatcher watched, ServiceQuery query) =>
        watched.TryGetView(default) is { } view ? Select(watched, view, query) : null;

    private InstanceSet? Select(ServiceWatcher watched, ServiceView view, ServiceQuery query) =>
        watched.PicksOf(view).Select(query, preferredZone);

    private static InstanceSet? DefaultSet(ServiceWatcher watched)
    {
        watched.Use();
        return watched.View.DefaultSet;
    }

    private static EtcdDiscoveryException NoInstanceError(string service, ServiceView view, ServiceQuery query) =>
        !view.Exists ? new ServiceNotFoundException(service) : query.NoneOf(service, view.Instances);

    private InvalidOperationException NullPickError(ServiceQuery query) =>
        new($"The instance picker {(query.Picker ?? picker).GetType()} returned null; it must return one of the instances.");
}
