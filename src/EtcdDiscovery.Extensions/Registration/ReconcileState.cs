using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>
/// The desired and the known content of the store for one registration. If they differ, the registration has to be written.
/// </summary>
/// <remarks>Each transition is a pure function that returns a new state. Revisions identify outdated events.</remarks>
internal sealed record ReconcileState(EncodedInstance Desired, DescriptionWriteMode WriteMode)
{
    public CredentialPolicy Policy { get; init; }

    /// <summary>Increases with each change that the application makes.</summary>
    public long Version { get; private init; }

    /// <summary>The last value written; null if there is none, or if it was changed or deleted since.</summary>
    public StoredInstance? Stored { get; private init; }

    /// <summary>Whether the instance has ever been in the store.</summary>
    public bool WasStored { get; private init; }

    /// <summary>Whether the instance's key may be in the store, so that a withdrawal has to delete it.</summary>
    public bool MayExist { get; private init; } = true;

    /// <summary>The value of a write that is in progress or was never answered, so that it may be in the store.</summary>
    public ReadOnlyMemory<byte>? Writing { get; private init; }

    /// <summary>
    /// Whether a write before the last one got no answer. A frozen member may still apply it, as long as the session lives.
    /// </summary>
    public bool HasUnanswered { get; private init; }

    /// <summary>
    /// The latest revision at which another writer changed the instance's key. The answer to an earlier write of ours may arrive after that
    /// event.
    /// </summary>
    public long ExternalChangeRevision { get; private init; }

    /// <summary>Whether the description is known to be correct, so that the next write need not check it.</summary>
    public bool DescriptionSettled { get; private init; }

    /// <summary>Whether another writer changed the description so that it has to be repaired.</summary>
    public bool RepairsDescription { get; private init; }

    /// <summary>The latest known revision of the description.</summary>
    public long DescriptionRevision { get; private init; }

    /// <summary>A description that was read before a write, so that the write need not read it; null if it was not read.</summary>
    public SeenDescription? PrefetchedDescription { get; private init; }

    public bool IsStoredIn(IDiscoverySession? session) => Stored is not null && Stored.Session == session;

    public bool NeedsWrite(IDiscoverySession? session) =>
        !DescriptionSettled || Writing is not null || !IsStoredIn(session) || !Stored!.Value.Span.SequenceEqual(Desired.Value.Span);

    /// <summary>Whether the only thing to write is the description, and only because another writer changed it.</summary>
    public bool OnlyRepairsDescription(IDiscoverySession session) =>
        RepairsDescription && Writing is null && IsStoredIn(session) && Stored!.Value.Span.SequenceEqual(Desired.Value.Span);

    /// <summary>The application changed the registration.</summary>
    public ReconcileState OnChanged(EncodedInstance desired, DescriptionWriteMode? writeMode) => this with
    {
        Desired = desired,
        WriteMode = writeMode is { } wanted && wanted > WriteMode ? wanted : WriteMode,
        DescriptionSettled = DescriptionSettled && writeMode is null,
        RepairsDescription = RepairsDescription && writeMode is null,
        Version = Version + 1,
    };

    /// <summary>Plans the next write, given the existing description.</summary>
    public ReconcilePlan Plan(StoreEntry? info)
    {
        if (DescriptionSettled)
        {
            return new ReconcilePlan(this, Desired, null, DescriptionRevision);
        }

        var agreed = Agree(info);
        // If this instance cannot adopt the credentials, it must not overwrite them either.
        var description = Refuses(info) ? null : DescriptionMergePolicy.PlanWrite(agreed.Description, WriteMode, info);
        return new ReconcilePlan(this, agreed, description, info?.Revision ?? 0);
    }

    public ReconcileState OnWriting(ReconcilePlan write) =>
        this with { Writing = write.Encoded.Value, HasUnanswered = HasUnanswered || Writing is not null };

    public ReconcileState OnWritten(ReconcilePlan write, IDiscoverySession session, long revision) =>
        OnWritten(write, session, revision, revision);

    /// <summary>The write succeeded, with the revisions of the instance and of the description, if that was written.</summary>
    public ReconcileState OnWritten(ReconcilePlan write, IDiscoverySession session, long revision, long writtenInfoRevision)
    {
        var stored = revision > ExternalChangeRevision ? new StoredInstance(session, write.Encoded.Value, revision) : null;
        var written = this with
        {
            Stored = stored,
            WasStored = WasStored || stored is not null,
            Writing = null,
            PrefetchedDescription = null,
            RepairsDescription = false,
        };
        var infoRevision = write.Description is null ? write.DescriptionRevision : writtenInfoRevision;
        if (write.BasedOn.Version != Version)
        {
            return written;
        }

        if (DescriptionRevision > infoRevision)
        {
            // Another instance wrote the description after this one, so it is now the last to register, and its description stays.
            return write.Description is null ? written : written with { WriteMode = DescriptionWriteMode.EnsureExists };
        }

        return written.Settle(write, infoRevision);
    }

    /// <summary>The store already contained everything.</summary>
    public ReconcileState OnNothingToWrite(ReconcilePlan plan) =>
        plan.BasedOn.Version != Version || DescriptionRevision > plan.DescriptionRevision ? this : Settle(plan, plan.DescriptionRevision);

    /// <summary>The instance's key was read at a revision.</summary>
    public ReconcileState OnInstanceRead(ReadOnlyMemory<byte>? value, long revision) =>
        // The desired value may have changed since the write; that is not an external change.
        Stored is { } stored && AreEqual(value, stored.Value) ? Existing(value) : OnInstanceSeen(value, revision);

    /// <summary>The instance's key was put or deleted, perhaps by this process.</summary>
    public ReconcileState OnInstanceSeen(ReadOnlyMemory<byte>? value, long revision)
    {
        // If another process put the same bytes, they do not expire with our session, so they are not ours.
        var isOurs = AreEqual(value, Writing) || (Stored is null && AreEqual(value, Desired.Value));
        return isOurs || revision <= ExternalChangeRevision || revision <= Stored?.Revision
            ? Existing(value)
            : Existing(value) with { Stored = null, ExternalChangeRevision = revision };
    }

    /// <summary>The instance's key is about to be deleted.</summary>
    public ReconcileState OnDeleting() => this with { MayExist = false };

    /// <summary>The deletion failed; the key may or may not exist.</summary>
    public ReconcileState OnDeletionFailed() => this with { MayExist = true };

    /// <summary>The service's description was changed or deleted.</summary>
    public ReconcileState OnDescriptionSeen(StoreEntry? info, long revision)
    {
        if (revision <= DescriptionRevision)
        {
            return this;
        }

        var agreed = Agree(info);
        var mayStay = DescriptionMergePolicy.PlanWrite(agreed.Description, DescriptionWriteMode.EnsureExists, info) is null;
        var repairs = (DescriptionSettled || RepairsDescription) && !mayStay;
        return this with
        {
            Desired = agreed,
            DescriptionRevision = revision,
            PrefetchedDescription = Stored is null || repairs ? new SeenDescription(info) : null,
            // Another instance may have repaired the description in the meantime.
            DescriptionSettled = (DescriptionSettled || RepairsDescription) && mayStay,
            RepairsDescription = repairs,
        };
    }

    /// <summary>The content of the store is no longer known, because the session or the history is lost.</summary>
    public ReconcileState OnStoreUnknown() => this with
    {
        Stored = null,
        HasUnanswered = false,
        ExternalChangeRevision = 0,
        DescriptionSettled = false,
        RepairsDescription = false,
        DescriptionRevision = 0,
        PrefetchedDescription = null,
    };

    /// <summary>Whether this instance keeps its own credentials because those of the description are too long to adopt.</summary>
    public bool Refuses(StoreEntry? info) =>
        CredentialsAfter(info) is var theirs && theirs != Desired.Instance.Credentials && !EntrySizeLimit.HasRoomFor(theirs, Desired);

    private ReconcileState Settle(ReconcilePlan plan, long infoRevision) => this with
    {
        Desired = plan.Encoded,
        WriteMode = DescriptionWriteMode.EnsureExists,
        DescriptionSettled = true,
        RepairsDescription = false,
        DescriptionRevision = infoRevision,
        PrefetchedDescription = null,
    };

    private ReconcileState Existing(ReadOnlyMemory<byte>? value) => value is null || MayExist ? this : this with { MayExist = true };

    private static bool AreEqual(ReadOnlyMemory<byte>? seen, ReadOnlyMemory<byte>? known) =>
        seen is { } a && known is { } b && a.Span.SequenceEqual(b.Span);

    private EncodedInstance Agree(StoreEntry? info) => Refuses(info) ? Desired : Desired.With(CredentialsAfter(info));

    private ServiceCredentials? CredentialsAfter(StoreEntry? info) =>
        DescriptionMergePolicy.AgreeOnCredentials(Desired.Instance, WriteMode, Policy, Read(info));

    private ServiceInfo? Read(StoreEntry? info) =>
        info is { } entry && ServiceJson.TryDecode(Desired.Instance.ServiceName, entry.Value, out ServiceInfo? read, out _)
            ? read
            : null;

    /// <summary>The instance's value as it was written.</summary>
    /// <param name="Session">The session that the value expires with.</param>
    /// <param name="Value">Its bytes.</param>
    /// <param name="Revision">The revision of the write.</param>
    internal sealed record StoredInstance(IDiscoverySession Session, ReadOnlyMemory<byte> Value, long Revision);

    /// <summary>The result of reading a service's description.</summary>
    /// <param name="Entry">The description; null when there is none.</param>
    internal sealed record SeenDescription(StoreEntry? Entry);
}
