using EtcdDiscovery.Primitives;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>One service of this process, as the application sees it.</summary>
internal sealed class ServiceRegistration : IServiceRegistration
{
    private readonly SessionLoop _session;
    private readonly string _nodeHostname;
    private readonly ObservableValue<ServiceCredentials?> _credentials;
    private readonly Lock _changing = new();
    private readonly TaskCompletionSource _withdrawn = NewPromise();
    private volatile ReconcileState _content;
    private TaskCompletionSource _settled = NewPromise();
    private ServiceCredentials? _configured;
    private volatile bool _wasStored;
    private volatile bool _withdrawalAsked;
    private volatile bool _mayStand = true;
    private volatile string? _failure;

    public ServiceRegistration(ServiceRegistrationOptions options, string nodeHostname, SessionLoop session)
    {
        var advertised = EncodedInstance.From(options, nodeHostname, Guid.NewGuid());
        _session = session;
        _nodeHostname = nodeHostname;
        _configured = advertised.Instance.Credentials;
        _content = new ReconcileState(
            _configured is null && options.GenerateCredentials ? advertised.With(GeneratedCredentials.Create()) : advertised,
            _configured is not null || options.CredentialPolicy == CredentialPolicy.Overwrite
                ? DescriptionWriteMode.Overwrite
                : DescriptionWriteMode.Update)
        {
            Policy = options.CredentialPolicy,
        };
        _credentials = new(_content.Desired.Instance.Credentials);
        ServiceName = advertised.Instance.ServiceName;
        InstanceId = advertised.Instance.Id;
        Key = ServiceKeys.Instance(ServiceName, InstanceId);
    }

    public string ServiceName { get; }

    public string InstanceId { get; }

    public string Key { get; }

    public ReconcileState ReconcileState => _content;

    public ServiceStatus Status => _content.Desired.Instance.Status;

    public ServiceCredentials? Credentials => _credentials.Value;

    /// <summary>Why the last write failed; null when it did not.</summary>
    public string? Failure => _failure;

    public bool WithdrawalRequested => _withdrawalAsked;

    public bool IsWithdrawn => _withdrawn.Task.IsCompleted;

    /// <summary>Whether its key has to be taken out of the store, once more perhaps.</summary>
    public bool NeedsDeletion => _withdrawalAsked && _mayStand;

    public bool IsStored => State is RegistrationState.Registered or RegistrationState.RenewingLate;

    public RegistrationState State
    {
        get
        {
            if (IsWithdrawn)
            {
                return RegistrationState.Withdrawn;
            }

            if (_session.Current is not { } session || !_content.IsStoredIn(session))
            {
                return _wasStored ? RegistrationState.Lost : RegistrationState.Registering;
            }

            return _session.State.Phase == SessionPhase.Late ? RegistrationState.RenewingLate : RegistrationState.Registered;
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
        EntrySizeLimit.ThrowIfTooLong(_content.Desired.With(credentials), nameof(credentials));
        return ChangeAsync(
            content => content.OnChanged(content.Desired.With(credentials), DescriptionWriteMode.Overwrite), cancellationToken);
    }

    public Task SetStatusAsync(ServiceStatus status, string? reason, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(reason))
        {
            EntrySizeLimit.ThrowIfTooLong(_content.Desired.With(status, reason), nameof(reason));
        }

        return ChangeAsync(
            content => content.OnChanged(content.Desired.With(status, reason), intent: null), cancellationToken);
    }

    public Task UpdateAsync(ServiceRegistrationOptions options, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_withdrawalAsked, typeof(IServiceRegistration));
        RegistrationOptionsRules.ThrowIfWrong(options);
        if (options.Name != ServiceName)
        {
            throw new ArgumentException(
                $"A registration of '{ServiceName}' cannot become one of '{options.Name}': withdraw it and register again.",
                nameof(options));
        }

        Change(options);
        return WaitUntilRegisteredAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_withdrawalAsked)
        {
            await _session.Draining.DrainAsync([this], _session.Ending).ConfigureAwait(false);
            RequestWithdrawal();
            _session.Wake();
        }

        await _withdrawn.Task.ConfigureAwait(false);
    }

    /// <summary>Wants what other valid options of the same name say; nothing happens when that is what it wants already.</summary>
    public void Change(ServiceRegistrationOptions options)
    {
        var update = EncodedInstance.From(options, _nodeHostname, Guid.Empty);
        var configured = update.Instance.Credentials;
        Advance(content =>
        {
            var claims = configured is not null && configured != _configured;
            _configured = configured;
            var desired = content.Desired.With(update);
            return claims ? content.OnChanged(desired.With(configured), DescriptionWriteMode.Overwrite)
                : desired.Instance == content.Desired.Instance ? content
                : content.OnChanged(desired, DescriptionWriteMode.Update);
        });
        _session.Wake();
    }

    /// <summary>Goes on to another content, and tells whoever waits for it.</summary>
    public void Advance(Func<ReconcileState, ReconcileState> transition)
    {
        lock (_changing)
        {
            _content = transition(_content);
            _credentials.Set(_content.Desired.Instance.Credentials);
            if (!_content.NeedsWrite(_session.Current))
            {
                (_wasStored, _failure) = (true, null);
                _settled.TrySetResult();
            }
            else if (_settled.Task.IsCompletedSuccessfully)
            {
                _settled = NewPromise();
            }
        }
    }

    /// <summary>From here on it is not put again, whatever happens to it.</summary>
    public void RequestWithdrawal() => _withdrawalAsked = true;

    public void OnFailed(string reason) => _failure = reason;

    public void OnSessionLost()
    {
        _failure = null;
        Advance(content => content.OnStoreUnknown());
    }

    /// <summary>Its key is being deleted.</summary>
    public void OnDeleting() => _mayStand = false;

    /// <summary>Its key stands in the store, as far as is known.</summary>
    public void OnPresentInStore() => _mayStand = true;

    public void OnWithdrawn()
    {
        lock (_changing)
        {
            _withdrawalAsked = true;
            _withdrawn.TrySetResult();
            _settled = _settled.Task.IsCompleted ? NewPromise() : _settled;
            _settled.TrySetException(new ObjectDisposedException(
                nameof(IServiceRegistration), $"The registration of service '{ServiceName}' was withdrawn."));
            _ = _settled.Task.Exception; // Nobody may be waiting, and that is no unobserved exception.
        }
    }

    private static TaskCompletionSource NewPromise() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ChangeAsync(
        Func<ReconcileState, ReconcileState> transition, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_withdrawalAsked, typeof(IServiceRegistration));
        Advance(transition);
        _session.Wake();
        await WaitUntilRegisteredAsync(cancellationToken).ConfigureAwait(false);
    }
}
