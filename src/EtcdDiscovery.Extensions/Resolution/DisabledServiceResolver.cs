namespace EtcdDiscovery.Resolution;

/// <summary>
/// The resolver and directory that are used if service discovery is disabled. The directory is empty; the resolver throws an exception
/// that gives the reason.
/// </summary>
internal sealed class DisabledServiceResolver : IServiceResolver, IServiceDirectory
{
    public ValueTask<ServiceSnapshot> GetSnapshotAsync(
        string service, ReadConsistency consistency, CancellationToken cancellationToken) => throw NotFound(service);

    public ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) => throw NotFound(service);

    public IAsyncEnumerable<ServiceUpdate> WatchAsync(string service, CancellationToken cancellationToken) => throw NotFound(service);

    public ServiceCall StartCall(ServiceInstance instance) => ServiceCall.None;

    public Task<IReadOnlyList<string>> GetServiceNamesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public static ServiceNotFoundException NotFound(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return new(service, $"service discovery is disabled, because {EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Enabled)} is false");
    }
}
