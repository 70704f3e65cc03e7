using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>
/// Maintains the session of this process: opens it while there are registrations, renews it, and replaces it when it is lost.
/// </summary>
/// <remarks>Renewals and writes run concurrently, so that a slow write does not let the session expire. The loop never throws.</remarks>
internal sealed partial class SessionLoop : IAsyncDisposable, IDisposable
{
    private readonly IDiscoveryStore _store;
    private readonly SessionSettings _settings;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly RegistrationTracker _registrations;
    private readonly RegistrationReconciler _reconciler;
    private readonly SessionRenewal _renewal;
    private readonly SessionCloser _closer;
    private readonly LogThrottle _losses;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givingUp = new();
    private readonly Lock _changing = new();
    private bool _hasWarnedOfRaised;
    private Task? _running;
    private Task? _stopped;

    public SessionLoop(
        IDiscoveryStore store, SessionSettings settings, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    {
        _store = store;
        _settings = settings;
        _timeProvider = timeProvider;
        _logger = loggerFactory.CreateLogger(LogCategories.Registration);
        Session = new ProcessSession(timeProvider, PublishStates, _stopping.Token);
        Drain = new DrainCoordinator(settings.DrainDelay, store.Capabilities.HasFlag(StoreCapabilities.ExpiryEvents), timeProvider);
        _registrations = new RegistrationTracker(store, settings.Backoff, timeProvider, _logger);
        _reconciler = new RegistrationReconciler(store, settings.Backoff, _registrations, Session.Changed, timeProvider, _logger);
        _renewal = new SessionRenewal(Session, settings.Backoff, timeProvider, _logger);
        _closer = new SessionCloser(settings.Backoff, timeProvider, _logger);
        _losses = new LogThrottle(timeProvider);
    }

    /// <summary>The session. Only this loop changes it.</summary>
    public ProcessSession Session { get; }

    /// <summary>Drains registrations before they are withdrawn.</summary>
    public DrainCoordinator Drain { get; }

    public IReadOnlyList<ServiceRegistration> Registrations => _registrations.Present;

    /// <summary>Whether there was a moment at which all registrations were in the store.</summary>
    public bool HasRegistered => _reconciler.HasSettled;

    public void Add(ServiceRegistration registration)
    {
        lock (_changing)
        {
            ObjectDisposedException.ThrowIf(_stopped is not null || _stopping.IsCancellationRequested, typeof(IServiceRegistry));
            _registrations.Add(registration);
            _running ??= Background.RunAsync(() => RunAsync(_stopping.Token));
        }

        Session.Changed.Set();
    }

    /// <summary>Withdraws all registrations and stops permanently. Later calls wait for the first one.</summary>
    /// <param name="cancellationToken">Stops the attempts; entries that are still in the store then expire.</param>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_changing)
        {
            return _stopped ??= Background.RunAsync(() => EndAsync(cancellationToken));
        }
    }

    /// <summary>Stops without accessing the store: the entries expire.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _givingUp.Cancel();
        _registrations.Abandon();
    }

    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(_settings.TimeToLive, _timeProvider);
        await StopAsync(timeout.Token).ConfigureAwait(false);
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        using var givingUp = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _givingUp);
        if (!await Drain.DrainAsync(_registrations.Present, cancellationToken).ConfigureAwait(false))
        {
            Log.DrainCutShort(_logger, _settings.DrainDelay);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await (_running ?? Task.CompletedTask).ConfigureAwait(false);
        foreach (var registration in _registrations.All)
        {
            registration.RequestWithdrawal();
        }

        if (Session.Held is { } session)
        {
            await CloseAsync(session).ConfigureAwait(false);
        }

        foreach (var registration in _registrations.All)
        {
            await _registrations.RemoveAsync(registration).ConfigureAwait(false);
        }
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var pause = Timeout.InfiniteTimeSpan;
            try
            {
                if (!_registrations.Present.IsEmpty)
                {
                    var session = await OpenAsync(stopping).ConfigureAwait(false);
                    await KeepAsync(session, stopping).ConfigureAwait(false);
                    // A concurrent stop does not cancel this call, but waits for it until the stop itself is canceled.
                    await CloseAsync(session).ConfigureAwait(false);
                    await _registrations.RemoveWithdrawnAsync().ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                pause = await OnFailureAsync(error).ConfigureAwait(false);
            }

            await Session.Changed.WaitAsync(pause, stopping).ConfigureAwait(false);
        }
    }

    private async Task<IDiscoverySession> OpenAsync(CancellationToken cancellationToken)
    {
        var askedAt = Session.Now;
        using var timeout = new LinkedTimeout(_settings.TimeToLive / 5, _timeProvider, cancellationToken);
        var prefetching = _reconciler.PrefetchDescriptionsAsync(timeout.Token);
        try
        {
            var session = await _store.OpenSessionAsync(_settings.TimeToLive, cancellationToken).ConfigureAwait(false);
            Session.OnOpened(session, askedAt);
            WarnIfRaised(session.TimeToLive);
            return session;
        }
        finally
        {
            await prefetching.ConfigureAwait(false);
        }
    }

    // etcd grants whole seconds, so a fraction of a second is always rounded up.
    private void WarnIfRaised(TimeSpan granted)
    {
        if (granted > TimeSpan.FromSeconds(Math.Ceiling(_settings.TimeToLive.TotalSeconds)) && !_hasWarnedOfRaised)
        {
            _hasWarnedOfRaised = true;
            Log.TimeToLiveRaised(_logger, _settings.TimeToLive, granted);
        }
    }

    /// <summary>Renews the session and writes registrations until none is left or the session is lost.</summary>
    private async Task KeepAsync(IDiscoverySession session, CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var renewing = _renewal.RenewAsync(session, ending.Token);
        var writing = _reconciler.RunAsync(session, ending.Token);
        var aging = _renewal.AgeAsync(session, ending.Token);
        var first = await Task.WhenAny(renewing, writing).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(renewing, writing, aging).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    private async Task<TimeSpan> OnFailureAsync(Exception error)
    {
        if (Session.Held is { } lost)
        {
            if (_losses.Allows(out var leftOut))
            {
                Log.SessionLost(_logger, error.Message, leftOut);
            }

            Telemetry.End(Telemetry.Start("etcd_discovery.lease_lost", default), error);
            Session.OnLost(error.Message);
            await _closer.DisposeAsync(lost).ConfigureAwait(false);
        }
        else
        {
            Session.OnFailed(error.Message);
            LogOpeningFailed(error);
        }

        foreach (var registration in _registrations.All)
        {
            await ForgetSessionAsync(registration).ConfigureAwait(false);
        }

        return _settings.Backoff.DelayAfter(Session.State.Failures, error is EtcdDiscoveryException { IsTransient: true });
    }

    // Without a session there are no entries in the store, so requested withdrawals are done.
    private async Task ForgetSessionAsync(ServiceRegistration registration)
    {
        if (registration.WithdrawalRequested)
        {
            await _registrations.RemoveAsync(registration).ConfigureAwait(false);
        }
        else
        {
            registration.OnSessionLost();
        }
    }

    private void PublishStates()
    {
        foreach (var registration in _registrations.All)
        {
            registration.PublishState();
        }
    }

    private async Task CloseAsync(IDiscoverySession session)
    {
        await _closer.CloseAsync(session, _givingUp.Token).ConfigureAwait(false);
        Session.OnClosed();
    }

    private void LogOpeningFailed(Exception error)
    {
        if (Session.State.Failures == 1)
        {
            Log.OpeningFailed(_logger, error.Message);
        }
        else
        {
            Log.OpeningFailedAgain(_logger, Session.State.Failures, error.Message);
        }
    }
}
