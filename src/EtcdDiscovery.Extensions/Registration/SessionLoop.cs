using System.Collections.Immutable;
using EtcdDiscovery.Model;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>
/// The process's one session: opens it, puts every registration under it, renews it, and does all of that again when it
/// is lost.
/// </summary>
/// <remarks>One loop does everything in the store, so that nothing is put and withdrawn at once. Time is measured by the
/// monotonic clock: the wall clock may jump.</remarks>
internal sealed partial class SessionLoop(
    IDiscoveryStore store, TimeSpan timeToLive, Backoff backoff, TimeProvider timeProvider, ILogger<SessionLoop> logger)
    : IAsyncDisposable, IDisposable
{
    private const int MaxWriteConflicts = 10;

    private readonly Lock _changing = new();
    private readonly WakeSignal _wake = new(timeProvider);
    private readonly CancellationTokenSource _stopping = new();
    private ImmutableArray<ServiceRegistration> _registrations = [];
    private Task _running = Task.CompletedTask;
    private IDiscoverySession? _session;
    private volatile SessionStatus _status = SessionStatus.None;
    private int _failures;
    private bool _started;

    public IReadOnlyList<ServiceRegistration> Registrations => _registrations;

    public SessionStatus Status => _status;

    public void Add(ServiceRegistration registration)
    {
        lock (_changing)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, typeof(IServiceRegistry));
            _registrations = _registrations.Add(registration);
            if (!_started)
            {
                _started = true;
                _running = Task.Run(() => RunAsync(_stopping.Token));
            }
        }

        Wake();
    }

    public void Wake() => _wake.Wake();

    /// <summary>Withdraws everything and ends for good.</summary>
    /// <param name="cancellationToken">Gives up; what is still in the store expires.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        await _running.ConfigureAwait(false);
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            await CloseAsync(session, cancellationToken).ConfigureAwait(false);
        }

        foreach (var registration in _registrations)
        {
            Forget(registration);
        }

        _status = SessionStatus.None;
    }

    public void Dispose()
    {
        lock (_changing)
        {
            _stopping.Cancel();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None).ConfigureAwait(false);

    private async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                await AdvanceAsync(stopping).ConfigureAwait(false);
                pause = OnSuccess();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                pause = await OnFailureAsync(error).ConfigureAwait(false);
            }

            await _wake.SleepAsync(pause, stopping).ConfigureAwait(false);
        }
    }

    private async Task AdvanceAsync(CancellationToken cancellationToken)
    {
        if (_registrations.IsEmpty)
        {
            await EndSessionAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        var session = _session ??= await OpenAsync(cancellationToken).ConfigureAwait(false);
        if (UntilRenewal() <= TimeSpan.Zero)
        {
            await RenewAsync(session, cancellationToken).ConfigureAwait(false);
        }

        foreach (var registration in _registrations)
        {
            if (registration.WithdrawalAsked)
            {
                await session.DeleteAsync([registration.Key], cancellationToken).ConfigureAwait(false);
                Log.Withdrawn(logger, registration.ServiceName, registration.InstanceId);
                Forget(registration);
            }
            else if (!registration.IsStored)
            {
                await PutAsync(session, registration, cancellationToken).ConfigureAwait(false);
                Log.Registered(logger, registration.ServiceName, registration.InstanceId, session.TimeToLive);
            }
        }
    }

    private async Task<IDiscoverySession> OpenAsync(CancellationToken cancellationToken)
    {
        var asked = timeProvider.GetTimestamp();
        var session = await store.OpenSessionAsync(timeToLive, cancellationToken).ConfigureAwait(false);
        _status = new SessionStatus(session.TimeToLive, asked, null);
        return session;
    }

    private async Task RenewAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        // Counted from the question: the server may have started the new time to live any moment since.
        var asked = timeProvider.GetTimestamp();
        await session.RenewAsync(cancellationToken).ConfigureAwait(false);
        _status = new SessionStatus(session.TimeToLive, asked, null);
        EnterAll(RegistrationState.Registered, registration => registration.State == RegistrationState.RenewingLate);
    }

    private async Task PutAsync(
        IDiscoverySession session, ServiceRegistration registration, CancellationToken cancellationToken)
    {
        var infoRange = StoreRange.Exact(ServiceKeys.Info(registration.ServiceName));
        for (var conflicts = 0; conflicts < MaxWriteConflicts; conflicts++)
        {
            var contents = await store.ReadAsync([infoRange], cancellationToken).ConfigureAwait(false);
            StoreEntry? existing = contents.Entries.Count > 0 ? contents.Entries[0] : null;
            var instance = new StorePut(registration.Key, registration.Value);
            StorePut[] puts = InfoWrite.Decide(registration.Info, existing) is { } info ? [info, instance] : [instance];
            if (await session.TryPutAsync(puts, cancellationToken).ConfigureAwait(false) is not null)
            {
                registration.Enter(RegistrationState.Registered);
                return;
            }
        }

        throw new EtcdDiscoveryException(
            $"The description of service '{registration.ServiceName}' is being rewritten by others all the time.",
            isTransient: true);
    }

    private TimeSpan OnSuccess()
    {
        _failures = 0;
        var pause = _status.IsOpen ? UntilRenewal() : Timeout.InfiniteTimeSpan;
        return pause < TimeSpan.Zero && _status.IsOpen ? TimeSpan.Zero : pause;
    }

    private async Task<TimeSpan> OnFailureAsync(Exception error)
    {
        _failures++;
        LogFailure(error);
        if (error is SessionLostException || _status.IsExpired(timeProvider))
        {
            await LoseSessionAsync(error).ConfigureAwait(false);
            return _failures == 1 ? TimeSpan.Zero : backoff.DelayAfter(_failures);
        }

        _status = _status with { Failure = error.Message };
        if (!_status.IsOpen)
        {
            return backoff.DelayAfter(_failures);
        }

        if (_status.IsLate(timeProvider))
        {
            EnterAll(RegistrationState.RenewingLate, registration => registration.IsStored);
        }

        var left = _status.TimeToLive - _status.Age(timeProvider);
        var pause = backoff.DelayAfter(_failures);
        return left <= TimeSpan.Zero ? TimeSpan.Zero : pause < left ? pause : left;
    }

    private async Task LoseSessionAsync(Exception error)
    {
        if (_session is { } lost)
        {
            await lost.DisposeAsync().ConfigureAwait(false);
        }

        _session = null;
        _status = SessionStatus.None with { Failure = error.Message };
        EnterAll(RegistrationState.Lost, registration => registration.IsStored);
        foreach (var registration in _registrations.Where(registration => registration.WithdrawalAsked))
        {
            Forget(registration);
        }
    }

    private async Task EndSessionAsync(CancellationToken cancellationToken)
    {
        if (_session is { } session)
        {
            await session.CloseAsync(cancellationToken).ConfigureAwait(false);
            await session.DisposeAsync().ConfigureAwait(false);
            _session = null;
            _status = SessionStatus.None;
        }
    }

    private async Task CloseAsync(IDiscoverySession session, CancellationToken cancellationToken)
    {
        try
        {
            await session.CloseAsync(cancellationToken).ConfigureAwait(false);
            foreach (var registration in _registrations.Where(registration => registration.IsStored))
            {
                Log.Withdrawn(logger, registration.ServiceName, registration.InstanceId);
            }
        }
        catch (Exception error)
        {
            Log.WithdrawalFailed(logger, session.TimeToLive, error.Message);
        }
        finally
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private TimeSpan UntilRenewal() => _status.RenewalInterval - _status.Age(timeProvider);

    private void EnterAll(RegistrationState state, Func<ServiceRegistration, bool> which)
    {
        foreach (var registration in _registrations.Where(which))
        {
            registration.Enter(state);
        }
    }

    private void Forget(ServiceRegistration registration)
    {
        lock (_changing)
        {
            _registrations = _registrations.Remove(registration);
        }

        registration.Enter(RegistrationState.Withdrawn);
    }

    private void LogFailure(Exception error)
    {
        if (error is SessionLostException)
        {
            Log.SessionLost(logger, error.Message);
        }
        else if (_failures == 1)
        {
            Log.Failed(logger, error.Message);
        }
        else
        {
            Log.FailedAgain(logger, _failures, error.Message);
        }
    }
}
