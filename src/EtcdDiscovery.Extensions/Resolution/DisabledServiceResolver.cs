namespace EtcdDiscovery.Resolution;

/// <summary>The resolver of an application whose service discovery is off: it finds nothing and says why.</summary>
internal sealed class DisabledServiceResolver : IServiceResolver
{
    public ValueTask<ServiceSnapshot> GetSnapshotAsync(
        string service, ReadConsistency consistency, CancellationToken cancellationToken) => throw NotFound(service);

    public ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) => throw NotFound(service);

    public IAsyncEnumerable<ServiceUpdate> WatchAsync(string service, CancellationToken cancellationToken) => throw NotFound(service);

    public ServiceCall StartCall(ServiceInstance instance) => ServiceCall.None;

    private static ServiceNotFoundException NotFound(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return new(service, $"service discovery is off, because {EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Enabled)} is false");
    }
}
