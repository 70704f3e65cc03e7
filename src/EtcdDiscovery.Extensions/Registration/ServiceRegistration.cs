using System.Runtime.CompilerServices;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>One registered service of this process.</summary>
internal sealed class ServiceRegistration : IServiceRegistration
{
    private readonly ProcessSession _session;
    private readonly DrainCoordinator _drain;
    private readonly string _nodeHostname;
    private readonly ObservableValue<RegistrationState> _state;
    private readonly ObservableValue<ServiceCredentials?> _credentials;
    private readonly Lock _changing = new();
    private readonly TaskCompletionSource _withdrawn = Promise.New();
    private volatile ReconcileState _reconcile;
    private volatile bool _withdrawalRequested;
    private TaskCompletionSource _settled = Promise.New();
    private ServiceCredentials? _configured;
    private volatile string? _failure;

    /// <param name="options">The validated options.</param>
    /// <param name="nodeHostname">This machine's host name.</param>
    /// <param name="session">The session to register under.</param>
    /// <param name="drain">Drains the registration before it is withdrawn.</param>
    /// <param name="stateChanged">Called with each new state, but not with the initial one.</param>
    public ServiceRegistration(
        ServiceRegistrationOptions options,
        string nodeHostname,
        ProcessSession session,
        DrainCoordinator drain,
        Action<ServiceRegistration, RegistrationState>? stateChanged = null)
    {
        var instance = EncodedInstance.From(options, nodeHostname, Guid.NewGuid());
        _session = session;
        _drain = drain;
        _nodeHostname = nodeHostname;
        _configured = instance.Instance.Credentials;
        _reconcile = new ReconcileState(
            _configured is null && options.GenerateCredentials ? instance.With(GeneratedCredentials.Create()) : instance,
            _configured is not null || options.CredentialPolicy == CredentialPolicy.Overwrite
                ? DescriptionWriteMode.Overwrite
                : DescriptionWriteMode.Update)
        {
            Policy = options.CredentialPolicy,
        };
        _state = new(RegistrationState.Registering, state => stateChanged?.Invoke(this, state));
        _credentials = new(_reconcile.Desired.Instance.Credentials);
        ServiceName = instance.Instance.ServiceName;
        InstanceId = instance.Instance.Id;
        Key = ServiceKeys.Instance(ServiceName, InstanceId);
    }

    public string ServiceName { get; }

    public string InstanceId { get; }

    public string Key { get; }

    public ReconcileState ReconcileState => _reconcile;

    public ServiceInstance Instance => _reconcile.Desired.Instance;

    public ServiceStatus Status => _reconcile.Desired.Instance.Status;

    public ServiceCredentials? Credentials => _credentials.Value;

    /// <summary>Why the last write failed; null if it succeeded.</summary>
    public string? Failure => _failure;

    string? IServiceRegistration.Failure => _failure ?? _session.State.Failure;

    public bool WithdrawalRequested => _withdrawalRequested;

    public bool IsWithdrawn => _state.Value == RegistrationState.Withdrawn;

    /// <summary>Whether its key has to be deleted, possibly not for the first time.</summary>
    public bool NeedsDeletion => WithdrawalRequested && _reconcile.MayExist;

    public bool IsStored => State is RegistrationState.Registered or RegistrationState.RenewingLate;

    public RegistrationState State
    {
        get
        {
            // An entry that is deleted by a withdrawal is not lost, so the previous state is kept until the withdrawal is done. Compute the
            // state before reading the flag, because nothing is deleted until the flag is set.
            var state = Compute();
            return _withdrawalRequested ? _state.Value : state;
        }
    }

    public async IAsyncEnumerable<RegistrationState> WatchStateAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The first value must not be older than State.
        PublishState();
        await foreach (var state in _state.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return state;
        }
    }

    public Task WaitUntilRegisteredAsync(CancellationToken cancellationToken)
    {
        lock (_changing)
        {
            return _settled.Task.WaitAsync(cancellationToken);
        }
    }

    public IAsyncEnumerable<ServiceCredentials?> WatchCredentialsAsync(CancellationToken cancellationToken) =>
        _credentials.WatchAsync(cancellationToken);

    public Task SetCredentialsAsync(ServiceCredentials credentials, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        ArgumentException.ThrowIfNullOrEmpty(credentials.User);
        if (BasicAuthentication.DescribeBadUser(credentials.User) is { } problem)
        {
            throw new ArgumentException($"The user {problem}", nameof(credentials));
        }

        EntrySizeLimit.ThrowIfTooLong(_reconcile.Desired.With(credentials), nameof(credentials));
        return ChangeAsync(
            state => state.OnChanged(state.Desired.With(credentials), DescriptionWriteMode.Overwrite), cancellationToken);
    }

    public Task SetStatusAsync(ServiceStatus status, string? reason, CancellationToken cancellationToken)
    {
        if (status is not (ServiceStatus.Serving or ServiceStatus.Draining or ServiceStatus.Maintenance))
        {
            throw new ArgumentOutOfRangeException(nameof(status), status, "A registration can be serving, draining or in maintenance.");
        }

        if (!string.IsNullOrEmpty(reason))
        {
            EntrySizeLimit.ThrowIfTooLong(_reconcile.Desired.With(status, reason), nameof(reason));
        }

        return ChangeAsync(
            state => state.OnChanged(state.Desired.With(status, reason), writeMode: null), cancellationToken);
    }

    public Task UpdateAsync(ServiceRegistrationOptions options, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(WithdrawalRequested, typeof(IServiceRegistration));
        RegistrationOptionsRules.ThrowIfInvalid(options);
        if (options.Name != ServiceName)
        {
            throw new ArgumentException(
                $"The registration of service '{LogSanitizer.Sanitize(ServiceName)}' cannot be renamed to "
                + $"'{LogSanitizer.Sanitize(options.Name ?? "")}': withdraw it and register again.",
                nameof(options));
        }

        Change(options);
        return WaitUntilRegisteredAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!WithdrawalRequested)
        {
            await _drain.DrainAsync([this], _session.Ending).ConfigureAwait(false);
            RequestWithdrawal();
            _session.Changed.Set();
        }

        await _withdrawn.Task.ConfigureAwait(false);
    }

    /// <summary>Applies validated options with the same name. Does nothing if they change nothing.</summary>
    public void Change(ServiceRegistrationOptions options)
    {
        var update = EncodedInstance.From(options, _nodeHostname, Guid.Empty);
        var configured = update.Instance.Credentials;
        Request(state =>
        {
            var overwrites = configured is not null && configured != _configured;
            _configured = configured;
            var desired = state.Desired.With(update);
            return overwrites ? state.OnChanged(desired.With(configured), DescriptionWriteMode.Overwrite)
                : desired.Instance == state.Desired.Instance ? state
                : state.OnChanged(desired, DescriptionWriteMode.Update);
        });
    }

    /// <summary>Changes the state, and wakes the session loop to write it.</summary>
    public void Request(Func<ReconcileState, ReconcileState> transition)
    {
        Advance(transition);
        _session.Changed.Set();
    }

    /// <summary>Changes the state, and completes waits if everything is written.</summary>
    public void Advance(Func<ReconcileState, ReconcileState> transition)
    {
        lock (_changing)
        {
            _reconcile = transition(_reconcile);
            _state.Set(State);
            _credentials.Set(_reconcile.Desired.Instance.Credentials);
            if (!_reconcile.NeedsWrite(_session.Current))
            {
                _failure = null;
                _settled.TrySetResult();
            }
            else if (_settled.Task.IsCompletedSuccessfully)
            {
                _settled = Promise.New();
            }
        }
    }

    /// <summary>Publishes the state after the session or elapsed time has changed it.</summary>
    public void PublishState()
    {
        lock (_changing)
        {
            _state.Set(State);
        }
    }

    /// <summary>Marks the registration as withdrawn by the application, so that it is never written again.</summary>
    public void RequestWithdrawal()
    {
        lock (_changing)
        {
            _state.Set(State);
            _withdrawalRequested = true;
        }
    }

    public void OnFailed(string reason) => _failure = reason;

    public void OnSessionLost()
    {
        _failure = null;
        Advance(state => state.OnStoreUnknown());
    }

    public void OnWithdrawn()
    {
        lock (_changing)
        {
            _withdrawalRequested = true;
            _state.Set(RegistrationState.Withdrawn);
            _state.Complete();
            _credentials.Complete();
            _withdrawn.TrySetResult();
            _settled = _settled.Task.IsCompleted ? Promise.New() : _settled;
            _settled.TrySetException(new ObjectDisposedException(
                nameof(IServiceRegistration), $"The registration of service '{LogSanitizer.Sanitize(ServiceName)}' was withdrawn."));
            _ = _settled.Task.Exception; // Observed, because there may be no waiter.
        }
    }

    private RegistrationState Compute()
    {
        if (_session.Current is not { } session || !_reconcile.IsStoredIn(session))
        {
            return _reconcile.WasStored ? RegistrationState.Lost : RegistrationState.Registering;
        }

        return _session.State.Phase == SessionPhase.Late ? RegistrationState.RenewingLate : RegistrationState.Registered;
    }

    private async Task ChangeAsync(
        Func<ReconcileState, ReconcileState> transition, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(WithdrawalRequested, typeof(IServiceRegistration));
        Request(transition);
        await WaitUntilRegisteredAsync(cancellationToken).ConfigureAwait(false);
    }
}
