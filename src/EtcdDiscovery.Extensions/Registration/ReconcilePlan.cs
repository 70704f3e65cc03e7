using EtcdDiscovery.Model;

namespace EtcdDiscovery.Registration;

/// <summary>What is put together: the instance, and the service's description where that is needed.</summary>
/// <param name="Plan">The content that it was planned from.</param>
/// <param name="Service">What is written, with the credentials agreed on.</param>
/// <param name="Info">The description, when it is written.</param>
/// <param name="InfoRevision">The revision of the description that the plan is based on; 0 when there was none.</param>
internal sealed record ReconcilePlan(
    ReconcileState Plan, EncodedInstance Service, StorePut? Info, long InfoRevision)
{
    public StorePut Instance => new(ServiceKeys.Instance(Service.Instance.ServiceName, Service.Instance.Id), Service.Value);

    public IReadOnlyList<StorePut> Puts => Info is { } info ? [info, Instance] : [Instance];
}
