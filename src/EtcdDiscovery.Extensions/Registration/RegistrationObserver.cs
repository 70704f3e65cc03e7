using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>Watches the two keys of one registration for changes by other processes: new credentials, deletions and overwrites.</summary>
internal sealed partial class RegistrationObserver(ServiceRegistration registration, TimeProvider timeProvider, ILogger logger)
    : IStoreObserver
{
    private readonly string _descriptionKey = ServiceKeys.Description(registration.ServiceName);
    private readonly LogThrottle _deletions = new(timeProvider);
    private bool _warned;
    private bool _warnedOfCredentials;

    public IReadOnlyList<StoreRange> Ranges => [StoreRange.Exact(_descriptionKey), StoreRange.Exact(registration.Key)];

    public void OnRead(StoreContents contents)
    {
        var known = registration.ReconcileState;
        var revision = contents.Revision.Number;
        if (revision < known.DescriptionRevision || revision < known.Stored?.Revision)
        {
            registration.Request(state => state.OnStoreUnknown());
            return;
        }

        StoreEntry? info = null, instance = null;
        foreach (var entry in contents.Entries)
        {
            if (entry.Key == _descriptionKey)
            {
                info = entry;
            }
            else
            {
                instance = entry;
            }
        }

        OnDescription(info, info?.Revision ?? revision);
        OnInstance(instance?.Value, state => state.OnInstanceRead(instance?.Value, revision));
    }

    public void OnBatch(StoreBatch batch)
    {
        foreach (var change in batch.Events)
        {
            if (change.Key != _descriptionKey)
            {
                OnInstance(change.Value, state => state.OnInstanceSeen(change.Value, change.Revision));
                continue;
            }

            StoreEntry? info = change.Value is { } value ? new StoreEntry(change.Key, value, change.Revision) : null;
            OnDescription(info, change.Revision);
        }
    }

    // Debug level is enough: the session loop reports an unreachable store.
    public void OnFailure(EtcdDiscoveryException error) => Log.NotObserved(logger, LogSanitizer.Sanitize(registration.ServiceName), error.Message);

    private void OnDescription(StoreEntry? info, long revision)
    {
        registration.Request(state => state.OnDescriptionSeen(info, revision));
        if (!_warnedOfCredentials && registration.ReconcileState.Refuses(info))
        {
            _warnedOfCredentials = true;
            Log.CredentialsRefused(logger, LogSanitizer.Sanitize(registration.ServiceName));
        }
    }

    private void OnInstance(ReadOnlyMemory<byte>? value, Func<ReconcileState, ReconcileState> transition)
    {
        var wasStored = registration.ReconcileState.Stored is not null;
        registration.Request(transition);
        if (!wasStored || registration.ReconcileState.Stored is not null || registration.WithdrawalRequested)
        {
            return;
        }

        if (value is null)
        {
            if (_deletions.Allows(out var leftOut))
            {
                Log.Deleted(logger, LogSanitizer.Sanitize(registration.ServiceName), registration.InstanceId, leftOut);
            }
        }
        else if (!_warned)
        {
            _warned = true;
            Log.Overwritten(logger, LogSanitizer.Sanitize(registration.ServiceName), registration.InstanceId);
        }
    }
}
