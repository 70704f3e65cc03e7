using System.Diagnostics;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>Reconciles the store with the registrations, under one session, until that session is lost.</summary>
internal sealed partial class RegistrationReconciler(
    IDiscoveryStore store, Backoff backoff, RegistrationTracker registrations, AsyncAutoResetEvent wake, TimeProvider timeProvider, ILogger logger)
{
    private const int MaxWriteConflicts = 20;

    // Long enough for most instances to see the first write before they begin their own.
    private static readonly TimeSpan MaxRepairDelay = TimeSpan.FromSeconds(1);

    private readonly LogThrottle _reregistrations = new(timeProvider);
    private readonly HashSet<string> _warnedOfPublic = new(StringComparer.Ordinal);
    private readonly Dictionary<ServiceRegistration, long> _repairs = [];
    private int _failures;
    private volatile bool _hasSettled;

    /// <summary>Whether there was a moment at which all registrations were in the store.</summary>
    public bool HasSettled => _hasSettled;

    /// <summary>
    /// Reads the descriptions that the first writes need, while the session is being opened. If this fails, the writes read them.
    /// </summary>
    public async Task PrefetchDescriptionsAsync(CancellationToken cancellationToken)
    {
        var all = registrations.Present;
        try
        {
            var ranges = all.Select(registration => StoreRange.Exact(ServiceKeys.Description(registration.ServiceName))).Distinct();
            var contents = await store.ReadAsync([.. ranges], cancellationToken).ConfigureAwait(false);
            var infos = contents.Entries.ToDictionary(entry => entry.Key, StringComparer.Ordinal);
            foreach (var registration in all)
            {
                StoreEntry? info = infos.TryGetValue(ServiceKeys.Description(registration.ServiceName), out var entry) ? entry : null;
                registration.Advance(state => state.OnDescriptionSeen(info, info?.Revision ?? contents.Revision.Number));
            }
        }
        catch (Exception error) when (error is EtcdDiscoveryException or OperationCanceledException)
        {
            // Opening the session fails for the same reason and reports it.
        }
    }

    /// <summary>Writes and withdraws registrations until none is left.</summary>
    /// <exception cref="SessionLostException">The session is gone.</exception>
    public async Task RunAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        while (true)
        {
            var pause = await ReconcileAllAsync(session, cancellationToken).ConfigureAwait(false);
            if (registrations.Present.IsEmpty)
            {
                return;
            }

            await wake.WaitAsync(pause, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <returns>How long to wait before the next retry.</returns>
    private async Task<TimeSpan> ReconcileAllAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        var pause = Timeout.InfiniteTimeSpan;
        foreach (var registration in InWriteOrder())
        {
            if (UntilRepair(session, registration) is var delay && delay > TimeSpan.Zero)
            {
                pause = Shorter(pause, delay);
                continue;
            }

            try
            {
                if (await ReconcileAsync(session, registration, cancellationToken).ConfigureAwait(false))
                {
                    _failures = 0;
                }
            }
            catch (EtcdDiscoveryException error) when (error is not SessionLostException)
            {
                LogWriteFailed(registration, error.Message);
                registration.OnFailed(error.Message);
                pause = Shorter(pause, backoff.DelayAfter(++_failures, error.IsTransient));
                if (error.IsTransient)
                {
                    break; // The other registrations would fail for the same reason.
                }

                if (registration.WithdrawalRequested)
                {
                    // The refusal may be permanent, so the owner does not wait any longer. The deletion is retried as long as the session
                    // lives, which is closed as soon as no registration needs it.
                    registration.OnWithdrawn();
                }
            }
            finally
            {
                registrations.Observe(registration);
            }
        }

        _hasSettled |= registrations.Present is { IsEmpty: false } all && all.All(registration => registration.IsStored);
        return pause;
    }

    // All instances of a service notice at the same moment that its description has to be repaired, but one write is enough. So each
    // instance waits for a random time, during which it may see another instance's repair.
    private TimeSpan UntilRepair(IDiscoverySession session, ServiceRegistration registration)
    {
        if (registration.WithdrawalRequested || !registration.ReconcileState.OnlyRepairsDescription(session))
        {
            _repairs.Remove(registration);
            return TimeSpan.Zero;
        }

        if (!_repairs.TryGetValue(registration, out var due))
        {
            _repairs[registration] = due = timeProvider.GetTimestamp()
                + (long)(Random.Shared.NextDouble() * MaxRepairDelay.TotalSeconds * timeProvider.TimestampFrequency);
        }

        var left = timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), due);
        if (left <= TimeSpan.Zero)
        {
            _repairs.Remove(registration);
        }

        return left;
    }

    private static TimeSpan Shorter(TimeSpan pause, TimeSpan other) =>
        pause == Timeout.InfiniteTimeSpan || other < pause ? other : pause;

    // Withdrawals come first, because etcd still accepts deletions when it is out of space. Failed writes come last, so that a key that
    // another process keeps overwriting does not delay the others.
    private IEnumerable<ServiceRegistration> InWriteOrder() => registrations.All
        .OrderBy(registration => registration.WithdrawalRequested ? 0 : registration.Failure is null ? 1 : 2);

    private void LogRegistered(ServiceRegistration registration, TimeSpan timeToLive, bool isFirst)
    {
        var leftOut = "";
        if (!isFirst && !_reregistrations.Allows(out leftOut))
        {
            return;
        }

        var instance = registration.ReconcileState.Desired.Instance;
        var hostname = instance.Hostname.Length > 0 ? instance.Hostname : instance.PrivateHostname!;
        var ports = instance.Ports is { Count: > 0 } some ? string.Join(' ', some.Select(port => $"{port.Key}={port.Value}")) : "no ports";
        Log.Registered(
            logger,
            LogSanitizer.Sanitize(registration.ServiceName),
            registration.InstanceId,
            hostname,
            LogSanitizer.Sanitize(ports),
            timeToLive,
            leftOut);
    }

    // As in Go, a private instance never replaces a public description, and GetUriAsync uses that description's URL.
    private void WarnOfPublicDescription(ServiceInstance ours, StoreEntry? info)
    {
        if (!ours.Public && info is { } entry
            && ServiceJson.TryDecode(ours.ServiceName, entry.Value, out ServiceInfo? described, out _) && described.Public
            && _warnedOfPublic.Add(ours.ServiceName))
        {
            Log.DescribedAsPublic(
                logger, LogSanitizer.Sanitize(ours.ServiceName), LogSanitizer.Sanitize(described.Hostname ?? ""), LogSanitizer.Sanitize(entry.Key));
        }
    }

    private void LogWriteFailed(ServiceRegistration registration, string reason)
    {
        if (registration.WithdrawalRequested && registration.Failure != reason)
        {
            Log.DeletionFailed(logger, LogSanitizer.Sanitize(registration.ServiceName), registration.InstanceId, reason);
        }
        else if (registration.Failure == reason)
        {
            Log.WriteFailedAgain(logger, LogSanitizer.Sanitize(registration.ServiceName), reason);
        }
        else
        {
            Log.WriteFailed(logger, LogSanitizer.Sanitize(registration.ServiceName), reason);
        }
    }

    /// <returns>Whether anything was written or deleted.</returns>
    private async Task<bool> ReconcileAsync(
        IDiscoverySession session, ServiceRegistration registration, CancellationToken cancellationToken)
    {
        if (registration.NeedsDeletion)
        {
            await WithdrawAsync(session, registration, cancellationToken).ConfigureAwait(false);
            return true;
        }

        if (registration.WithdrawalRequested || !registration.ReconcileState.NeedsWrite(session))
        {
            return false;
        }

        var isFirst = !registration.ReconcileState.WasStored;
        var isNew = !registration.ReconcileState.IsStoredIn(session);
        if (!isNew)
        {
            await WriteAsync(session, registration, cancellationToken).ConfigureAwait(false);
            return true;
        }

        await Telemetry.TraceAsync("etcd_discovery.register", TagsOf(registration), () => WriteAsync(session, registration, cancellationToken))
            .ConfigureAwait(false);
        LogRegistered(registration, session.TimeToLive, isFirst);
        return true;
    }

    private async Task WithdrawAsync(
        IDiscoverySession session, ServiceRegistration registration, CancellationToken cancellationToken)
    {
        var isFirst = !registration.IsWithdrawn;
        // Before the deletion: afterwards, a watch may already have reported the key again.
        registration.Advance(state => state.OnDeleting());
        try
        {
            await Telemetry.TraceAsync(
                "etcd_discovery.withdraw", TagsOf(registration), () => session.DeleteAsync([registration.Key], cancellationToken)).ConfigureAwait(false);
        }
        catch
        {
            registration.Advance(state => state.OnDeletionFailed());
            throw;
        }

        if (registration.ReconcileState is { Writing: null, HasUnanswered: false })
        {
            await registrations.RemoveAsync(registration).ConfigureAwait(false);
        }
        else
        {
            // An etcd member that was frozen may still apply an unanswered write. So, as long as the session lives, the key is watched and
            // is deleted again if it appears.
            registration.OnWithdrawn();
        }

        if (isFirst)
        {
            Log.Withdrawn(logger, LogSanitizer.Sanitize(registration.ServiceName), registration.InstanceId);
        }
    }

    private async Task WriteAsync(
        IDiscoverySession session, ServiceRegistration registration, CancellationToken cancellationToken)
    {
        for (var conflicts = 0; conflicts < MaxWriteConflicts; conflicts++)
        {
            var state = registration.ReconcileState;
            // If the prefetched description is outdated, the put reports a conflict.
            var info = state.DescriptionSettled ? null
                : conflicts == 0 && state.PrefetchedDescription is { } seen ? seen.Entry
                : await ReadDescriptionAsync(registration.ServiceName, cancellationToken).ConfigureAwait(false);
            var write = state.Plan(info);
            WarnOfPublicDescription(write.Encoded.Instance, info);
            if (write.IsDoneIn(session))
            {
                registration.Advance(latest => latest.OnNothingToWrite(write));
                return;
            }

            EntrySizeLimit.ThrowIfTooLong(write.Encoded);
            registration.Advance(latest => latest.OnWriting(write));
            if (await PutAsync(session, write, cancellationToken).ConfigureAwait(false) is var (infoRevision, revision))
            {
                registration.Advance(latest => latest.OnWritten(write, session, revision, infoRevision));
                return;
            }
        }

        throw new EtcdDiscoveryException(
            $"The description of service '{LogSanitizer.Sanitize(registration.ServiceName)}' cannot be written: other processes keep changing it.",
            isTransient: true);
    }

    /// <returns>The revisions of the description and of the instance; null if the description has changed.</returns>
    private async Task<(long Info, long Instance)?> PutAsync(
        IDiscoverySession session, ReconcilePlan write, CancellationToken cancellationToken)
    {
        // Without atomic puts, another process may write the description between the two puts, so each has its own revision.
        long? infoRevision = null;
        var puts = write.Puts;
        if (!store.Capabilities.HasFlag(StoreCapabilities.AtomicPuts) && write.Description is { } description)
        {
            if (await session.TryPutAsync([description], cancellationToken).ConfigureAwait(false) is not { } described)
            {
                return null;
            }

            infoRevision = described.Number;
            puts = [write.Instance];
        }

        return await session.TryPutAsync(puts, cancellationToken).ConfigureAwait(false) is { } put
            ? (infoRevision ?? put.Number, put.Number)
            : null;
    }

    private static TagList TagsOf(ServiceRegistration registration) =>
        new() { { Telemetry.Service, registration.ServiceName }, { Telemetry.Instance, registration.InstanceId } };

    private async Task<StoreEntry?> ReadDescriptionAsync(string serviceName, CancellationToken cancellationToken)
    {
        StoreRange[] ranges = [StoreRange.Exact(ServiceKeys.Description(serviceName))];
        var contents = await store.ReadAsync(ranges, cancellationToken).ConfigureAwait(false);
        return contents.Entries.Count > 0 ? contents.Entries[0] : null;
    }
}
