using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Implements the members of the interface, and nothing else.</summary>
internal sealed class FixedServiceResolver(params ServiceInstance[] instances) : IServiceResolver
{
    public ValueTask<ServiceSnapshot> GetSnapshotAsync(
        string service, ReadConsistency consistency = default, CancellationToken cancellationToken = default) =>
        new(new ServiceSnapshot { Service = new() { Name = service }, Instances = [.. instances.Where(one => one.ServiceName == service)] });

    public async ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default) =>
        (query.Picker ?? InstancePickers.First).Pick(new InstanceSet(await this.GetInstancesAsync(service, query, cancellationToken)));

    public async IAsyncEnumerable<ServiceUpdate> WatchAsync(
        string service, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var snapshot = await GetSnapshotAsync(service, cancellationToken: cancellationToken);
        yield return new() { Snapshot = snapshot, Changes = [.. snapshot.Instances.Select(one => new ServiceChange { Kind = ServiceChangeKind.Up, Instance = one })] };
    }

    public ServiceCall StartCall(ServiceInstance instance) => ServiceCall.None;
}
