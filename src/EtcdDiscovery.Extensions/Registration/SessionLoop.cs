using System.Globalization;
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
    // Less than that is the noise of a busy machine.
    private static readonly TimeSpan MinLateness = TimeSpan.FromSeconds(1);

    private readonly IDiscoveryStore _store;
    private readonly SessionSettings _settings;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly RegistrationTracker _registrations;
    private readonly RegistrationReconciler _reconciler;
    private readonly SessionCloser _closer;
    private readonly LogThrottle _losses;
    private readonly LogThrottle _latenesses;
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
        _closer = new SessionCloser(settings.Backoff, timeProvider, _logger);
        _losses = new LogThrottle(timeProvider);
        _latenesses = new LogThrottle(timeProvider);
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
        var renewing = RenewAsync(session, ending.Token);
        var writing = _reconciler.RunAsync(session, ending.Token);
        var aging = AgeAsync(session, ending.Token);
        var first = await Task.WhenAny(renewing, writing).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(renewing, writing, aging).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    private async Task RenewAsync(IDiscoverySession session, CancellationToken ending)
    {
        var pause = TimeSpan.Zero;
        while (true)
        {
            await SleepAsync(Longer(pause, Session.State.UntilRenewal(Session.Now)), ending).ConfigureAwait(false);
            var askedAt = Session.Now;
            if (!Session.State.IsAlive)
            {
                throw NotRenewedInTime();
            }

            try
            {
                await RenewInTimeAsync(session, ending).ConfigureAwait(false);
                Session.OnRenewed(askedAt);
                pause = TimeSpan.Zero;
            }
            catch (EtcdDiscoveryException error) when (error is not SessionLostException)
            {
                Session.OnFailed(error.Message);
                LogRenewalFailed(error);
                pause = Shorter(_settings.Backoff.DelayAfter(Session.State.Failures), UntilExpiry);
            }
        }
    }

    // A renewal may remain unanswered until the session expires. In that case, only the clock shows that the session is late or lost.
    private async Task AgeAsync(IDiscoverySession session, CancellationToken ending)
    {
        while (true)
        {
            // Continue after expiry, because an answer that was in flight at that moment may still revive the session.
            var pause = Session.State is { IsAlive: true } state ? state.UntilNextPhase(Session.Now) : session.TimeToLive;
            PublishStates();
            // A timer may fire up to a millisecond early.
            await SleepAsync(pause + TimeSpan.FromMilliseconds(1), ending).ConfigureAwait(false);
        }
    }

    // A renewal that is unanswered when the session expires has failed.
    private async Task RenewInTimeAsync(IDiscoverySession session, CancellationToken ending)
    {
        // The process may have been paused since the state was read, so the remaining time may be negative.
        using var expiry = new CancellationTokenSource(Longer(TimeSpan.Zero, UntilExpiry), _timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, ending);
        try
        {
            await session.RenewAsync(linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (expiry.IsCancellationRequested)
        {
            throw NotRenewedInTime();
        }
    }

    // A process that is paused or starved of threads wakes up late. Otherwise, etcd would be blamed for that.
    private async Task SleepAsync(TimeSpan pause, CancellationToken ending)
    {
        var due = Session.Now + pause;
        await Task.Delay(pause, _timeProvider, ending).ConfigureAwait(false);
        var lateness = Session.Now - due;
        Session.OnWoke(lateness);
        if (lateness >= MinLateness && Session.State.IsAlive && _latenesses.Allows(out var leftOut))
        {
            Log.ProcessLate(_logger, lateness.TotalSeconds, Session.State.TimeToLive, leftOut);
        }
    }

    private SessionLostException NotRenewedInTime() => new(Session.Lateness < MinLateness
        ? "The session was not renewed in time."
        : string.Create(
            CultureInfo.InvariantCulture,
            $"The session was not renewed in time: this process was late by {Session.Lateness.TotalSeconds:0.0} s, because it was paused or its thread pool is starved. Avoid blocking calls, or raise EtcdDiscovery:TimeToLive."));

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

    private void LogRenewalFailed(EtcdDiscoveryException error)
    {
        var left = Longer(TimeSpan.Zero, UntilExpiry).TotalSeconds;
        if (Session.State.Failures == 1)
        {
            Log.RenewalFailed(_logger, left, error.Message);
        }
        else
        {
            Log.RenewalFailedAgain(_logger, Session.State.Failures, left, error.Message);
        }
    }

    private TimeSpan UntilExpiry => Session.State.UntilExpiry(Session.Now);

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : Longer(b, TimeSpan.Zero);
}
