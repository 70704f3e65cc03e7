using EtcdDiscovery.Model;

namespace EtcdDiscovery.Registration;

/// <summary>One service that the session keeps in the store. Its state is set by the session's loop only.</summary>
internal sealed class ServiceRegistration : IServiceRegistration
{
    private readonly SessionLoop _session;
    private readonly AdvertisedService _advertised;
    private readonly TaskCompletionSource _withdrawn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile RegistrationState _state = RegistrationState.Registering;
    private volatile bool _withdrawalAsked;

    public ServiceRegistration(AdvertisedService advertised, SessionLoop session)
    {
        _advertised = advertised;
        _session = session;
        Key = ServiceKeys.Instance(ServiceName, InstanceId);
        Value = ServiceJson.Encode(advertised.Instance);
    }

    public string ServiceName => _advertised.Instance.ServiceName;

    public string InstanceId => _advertised.Instance.Id;

    public RegistrationState State => _state;

    public ServiceCredentials? Credentials => _advertised.Instance.Credentials;

    public ServiceInfo Info => _advertised.Info;

    public string Key { get; }

    public ReadOnlyMemory<byte> Value { get; }

    public bool IsStored => _state is RegistrationState.Registered or RegistrationState.RenewingLate;

    public bool WithdrawalAsked => _withdrawalAsked;

    public Task WaitUntilRegisteredAsync(CancellationToken cancellationToken) =>
        _registered.Task.WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _withdrawalAsked = true;
        _session.Wake();
        await _withdrawn.Task.ConfigureAwait(false);
    }

    public void Enter(RegistrationState state)
    {
        if (_state == RegistrationState.Withdrawn)
        {
            return;
        }

        _state = state;
        switch (state)
        {
            case RegistrationState.Registered:
                _registered.TrySetResult();
                break;
            case RegistrationState.Lost when _registered.Task.IsCompleted:
                _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
                break;
            case RegistrationState.Withdrawn:
                _registered.TrySetException(new ObjectDisposedException(
                    nameof(IServiceRegistration), $"The registration of service '{ServiceName}' was withdrawn."));
                _ = _registered.Task.Exception; // Nobody may be waiting, and that is no unobserved exception.
                _withdrawn.TrySetResult();
                break;
        }
    }
}
