using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>What should stand in the store for one registration, and what does. Where they differ, something is written.</summary>
/// <remarks>Each transition is a pure function that makes another state; revisions tell old news from new.</remarks>
internal sealed record ReconcileState(EncodedInstance Desired, DescriptionWriteMode WriteMode)
{
    /// <summary>How credentials are shared.</summary>
    public CredentialPolicy Policy { get; init; }

    /// <summary>Rises with each change that the application makes.</summary>
    public long Version { get; private init; }

    /// <summary>What was put last; null when nothing was put, or when it was changed or deleted since.</summary>
    public StoredInstance? Stored { get; private init; }

    /// <summary>Whether the instance has ever been in the store.</summary>
    public bool WasStored { get; private init; }

    /// <summary>Whether the instance's key may be in the store, and has to be deleted in the end.</summary>
    public bool MayExist { get; private init; } = true;

    /// <summary>What is being put just now, or was put without an answer and so may stand there.</summary>
    public ReadOnlyMemory<byte>? Writing { get; private init; }

    /// <summary>The latest revision at which another writer changed the instance's key. A put of ours may be answered after that.</summary>
    public long ExternalChangeRevision { get; private init; }

    /// <summary>Whether the service's description needs no look before the next write.</summary>
    public bool DescriptionSettled { get; private init; }

    /// <summary>Whether another writer has made the description one that it may not stay.</summary>
    public bool MendsDescription { get; private init; }

    /// <summary>The latest revision of the description that is known.</summary>
    public long DescriptionRevision { get; private init; }

    /// <summary>The description that was seen ahead of a write, which then need not read it; null when it was not seen.</summary>
    public SeenDescription? PrefetchedDescription { get; private init; }

    public bool IsStoredIn(IDiscoverySession? session) => Stored is not null && Stored.Session == session;

    public bool NeedsWrite(IDiscoverySession? session) =>
        !DescriptionSettled || Writing is not null || !IsStoredIn(session) || !Stored!.Value.Span.SequenceEqual(Desired.Value.Span);

    /// <summary>Whether the description is all that has to be written, and only since another writer changed it.</summary>
    public bool OnlyMendsDescription(IDiscoverySession session) =>
        MendsDescription && Writing is null && IsStoredIn(session) && Stored!.Value.Span.SequenceEqual(Desired.Value.Span);

    /// <summary>The application wants something else.</summary>
    public ReconcileState OnChanged(EncodedInstance desired, DescriptionWriteMode? writeMode) => this with
    {
        Desired = desired,
        WriteMode = writeMode is { } wanted && wanted > WriteMode ? wanted : WriteMode,
        DescriptionSettled = DescriptionSettled && writeMode is null,
        MendsDescription = MendsDescription && writeMode is null,
        Version = Version + 1,
    };

    /// <summary>What to put now, given the description that is there.</summary>
    public ReconcilePlan Plan(StoreEntry? info)
    {
        if (DescriptionSettled)
        {
            return new ReconcilePlan(this, Desired, null, DescriptionRevision);
        }

        var agreed = Agree(info);
        // Credentials that it cannot take are not its own to take away either.
        var description = Refuses(info) ? null : DescriptionMergePolicy.PlanWrite(agreed.Description, WriteMode, info);
        return new ReconcilePlan(this, agreed, description, info?.Revision ?? 0);
    }

    public ReconcileState OnWriting(ReconcilePlan write) => this with { Writing = write.Encoded.Value };

    public ReconcileState OnWritten(ReconcilePlan write, IDiscoverySession session, long revision) =>
        OnWritten(write, session, revision, revision);

    /// <summary>It stands in the store: the instance at one revision, the description, if it was written, at another or the same.</summary>
    public ReconcileState OnWritten(ReconcilePlan write, IDiscoverySession session, long revision, long writtenInfoRevision)
    {
        var stored = revision > ExternalChangeRevision ? new StoredInstance(session, write.Encoded.Value, revision) : null;
        var written = this with
        {
            Stored = stored,
            WasStored = WasStored || stored is not null,
            Writing = null,
            PrefetchedDescription = null,
            MendsDescription = false,
        };
        var infoRevision = write.Description is null ? write.DescriptionRevision : writtenInfoRevision;
        if (write.BasedOn.Version != Version)
        {
            return written;
        }

        if (DescriptionRevision > infoRevision)
        {
            // Our description was written, and another host has described the service since: now that one is the last.
            return write.Description is null ? written : written with { WriteMode = DescriptionWriteMode.EnsureExists };
        }

        return written.Settle(write, infoRevision);
    }

    /// <summary>Everything stood in the store already.</summary>
    public ReconcileState OnNothingToWrite(ReconcilePlan plan) =>
        plan.BasedOn.Version != Version || DescriptionRevision > plan.DescriptionRevision ? this : Settle(plan, plan.DescriptionRevision);

    /// <summary>The instance's key was read, as of a revision.</summary>
    public ReconcileState OnInstanceRead(ReadOnlyMemory<byte>? value, long revision) =>
        // The desired value may have changed since it was put; that is not an external change.
        Stored is { } stored && AreEqual(value, stored.Value) ? Existing(value) : OnInstanceSeen(value, revision);

    /// <summary>The instance's key was put or deleted, perhaps by this host.</summary>
    public ReconcileState OnInstanceSeen(ReadOnlyMemory<byte>? value, long revision)
    {
        // The same bytes put by another process do not vanish with our session.
        var isOurs = AreEqual(value, Writing) || (Stored is null && AreEqual(value, Desired.Value));
        return isOurs || revision <= ExternalChangeRevision || revision <= Stored?.Revision
            ? Existing(value)
            : Existing(value) with { Stored = null, ExternalChangeRevision = revision };
    }

    /// <summary>The instance's key is about to be deleted.</summary>
    public ReconcileState OnDeleting() => this with { MayExist = false };

    /// <summary>Whether the key was deleted is not known.</summary>
    public ReconcileState OnDeletionFailed() => this with { MayExist = true };

    /// <summary>The service's description has another value, or none.</summary>
    public ReconcileState OnDescriptionSeen(StoreEntry? info, long revision)
    {
        if (revision <= DescriptionRevision)
        {
            return this;
        }

        var agreed = Agree(info);
        var mayStay = DescriptionMergePolicy.PlanWrite(agreed.Description, DescriptionWriteMode.EnsureExists, info) is null;
        var mends = (DescriptionSettled || MendsDescription) && !mayStay;
        return this with
        {
            Desired = agreed,
            DescriptionRevision = revision,
            PrefetchedDescription = Stored is null || mends ? new SeenDescription(info) : null,
            // Another host may have mended it meanwhile.
            DescriptionSettled = (DescriptionSettled || MendsDescription) && mayStay,
            MendsDescription = mends,
        };
    }

    /// <summary>Nothing is known of the store any more: the session is lost, or its history is another one.</summary>
    public ReconcileState OnStoreUnknown() => this with
    {
        Stored = null,
        ExternalChangeRevision = 0,
        DescriptionSettled = false,
        MendsDescription = false,
        DescriptionRevision = 0,
        PrefetchedDescription = null,
    };

    /// <summary>Whether this host keeps its own credentials because those of a description are too long.</summary>
    public bool Refuses(StoreEntry? info) =>
        CredentialsAfter(info) is var theirs && theirs != Desired.Instance.Credentials && !EntrySizeLimit.HasRoomFor(theirs, Desired);

    private ReconcileState Settle(ReconcilePlan plan, long infoRevision) => this with
    {
        Desired = plan.Encoded,
        WriteMode = DescriptionWriteMode.EnsureExists,
        DescriptionSettled = true,
        MendsDescription = false,
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

    /// <summary>An instance's value as it was put.</summary>
    /// <param name="Session">The session that it expires with.</param>
    /// <param name="Value">Its bytes.</param>
    /// <param name="Revision">The number of the revision that put it.</param>
    internal sealed record StoredInstance(IDiscoverySession Session, ReadOnlyMemory<byte> Value, long Revision);

    /// <summary>The result of looking for a service's description.</summary>
    /// <param name="Entry">The description; null when there is none.</param>
    internal sealed record SeenDescription(StoreEntry? Entry);
}
