using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>The resolver of an application whose service discovery is off: it finds nothing and says why.</summary>
internal sealed class DisabledServiceResolver : IServiceResolver
{
    public ValueTask<ServiceInfo> GetServiceAsync(string service, CancellationToken cancellationToken) => throw NotFound(service);

    public ValueTask<IReadOnlyList<ServiceInstance>> GetInstancesAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) => throw NotFound(service);

    public ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) => throw NotFound(service);

    public ValueTask<ServiceInstance> GetFirstInstanceAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken) => throw NotFound(service);

    public ValueTask<Uri> GetUriAsync(
        string service, string scheme, string path, ServiceQuery query, bool includeCredentials, CancellationToken cancellationToken) =>
        throw NotFound(service);

    public ValueTask<ServiceSnapshot> GetSnapshotAsync(string service, CancellationToken cancellationToken) => throw NotFound(service);

    public IAsyncEnumerable<ServiceUpdate> WatchAsync(string service, CancellationToken cancellationToken) => throw NotFound(service);

    public IChangeToken GetChangeToken(string service) => new CancellationChangeToken(CancellationToken.None);

    public ServiceCall StartCall(ServiceInstance instance) => ServiceCall.None;

    private static ServiceNotFoundException NotFound(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return new(service, $"service discovery is off, because {EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Enabled)} is false");
    }
}
