using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>What is put together: the instance, and the service's description where that is needed.</summary>
/// <param name="BasedOn">The state that it was planned from.</param>
/// <param name="Encoded">What is written, with the credentials agreed on.</param>
/// <param name="Description">The description, when it is written.</param>
/// <param name="DescriptionRevision">The revision of the description that the plan is based on; 0 when there was none.</param>
internal sealed record ReconcilePlan(
    ReconcileState BasedOn, EncodedInstance Encoded, StorePut? Description, long DescriptionRevision)
{
    public StorePut Instance => new(ServiceKeys.Instance(Encoded.Instance.ServiceName, Encoded.Instance.Id), Encoded.Value);

    /// <summary>Whether everything stands in the store already, under a session.</summary>
    public bool IsDoneIn(IDiscoverySession session) =>
        Description is null && BasedOn.Writing is null && BasedOn.IsStoredIn(session)
        && BasedOn.Stored!.Value.Span.SequenceEqual(Encoded.Value.Span);

    public IReadOnlyList<StorePut> Puts => Description is { } info ? [info, Instance] : [Instance];
}
