using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>The next write of a registration: the instance and, if necessary, the description of its service.</summary>
/// <param name="BasedOn">The state that the plan is based on.</param>
/// <param name="Encoded">The instance to write, with the agreed credentials.</param>
/// <param name="Description">The description to write; null to keep the existing one.</param>
/// <param name="DescriptionRevision">The revision of the description that the plan is based on; 0 if there was none.</param>
internal sealed record ReconcilePlan(
    ReconcileState BasedOn, EncodedInstance Encoded, StorePut? Description, long DescriptionRevision)
{
    public StorePut Instance => new(ServiceKeys.Instance(Encoded.Instance.ServiceName, Encoded.Instance.Id), Encoded.Value);

    /// <summary>Whether the store already contains everything, under the given session.</summary>
    public bool IsDoneIn(IDiscoverySession session) =>
        Description is null && BasedOn.Writing is null && BasedOn.IsStoredIn(session)
        && BasedOn.Stored!.Value.Span.SequenceEqual(Encoded.Value.Span);

    public IReadOnlyList<StorePut> Puts => Description is { } info ? [info, Instance] : [Instance];
}
