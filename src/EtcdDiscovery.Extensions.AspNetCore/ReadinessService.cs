using EtcdDiscovery.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Keeps the registrations of this process in maintenance while its readiness checks fail.</summary>
internal sealed partial class ReadinessService(
    IServiceProvider services,
    IServiceRegistry registry,
    IOptions<ReadinessOptions> options,
    UnreadyAtFirst unready,
    TimeProvider timeProvider,
    ILoggerFactory loggerFactory) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    // Registrations that this service has set to maintenance, each with the reason that it published. If the application has set the
    // maintenance, the reason differs, and the status is left unchanged.
    private readonly Dictionary<IServiceRegistration, string> _inMaintenance = [];
    private readonly HashSet<IServiceRegistration> _known = [];
    private readonly ReadinessChecks _checks = ActivatorUtilities.CreateInstance<ReadinessChecks>(services);
    private readonly ILogger _logger = new SafeLoggerFactory(loggerFactory).CreateLogger(LogCategories.AspNetCore);
    private Readiness _readiness;
    private string _reason = "The readiness checks have not been run yet.";
    private Task _following = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (!_checks.Any)
        {
            Log.NoChecks(_logger, options.Value.Tag);
        }

        _following = FollowAsync(_stopping.Token);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Cancel();

    private async Task FollowAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(options.Value.Period, timeProvider);
        do
        {
            try
            {
                await RunChecksAsync(stopping).ConfigureAwait(false);
            }
            catch (Exception error) when (!stopping.IsCancellationRequested)
            {
                // Omits the message, which may contain confidential data.
                Log.ApplyingFailed(_logger, error.GetType().Name);
            }
        }
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false));
    }

    private async Task RunChecksAsync(CancellationToken stopping)
    {
        // Before the first result, the services must not be picked, because they may not be ready.
        await ApplyAsync(_readiness.IsReady == true, _reason, isTransition: false, stopping).ConfigureAwait(false);
        var failing = await _checks.FindFailingAsync(stopping).ConfigureAwait(false);
        _reason = $"Unhealthy: {string.Join(", ", failing)}";
        var before = _readiness.IsReady;
        _readiness = _readiness.After(failing.Count == 0, options.Value);
        if (_readiness.IsReady != before)
        {
            LogTransition(_readiness.IsReady == true, _reason);
            await ApplyAsync(_readiness.IsReady == true, _reason, isTransition: true, stopping).ConfigureAwait(false);
        }
    }

    private async Task ApplyAsync(bool isReady, string reason, bool isTransition, CancellationToken stopping)
    {
        // Limits only the wait: if the store is slow, the change is still written.
        using var timeout = new CancellationTokenSource(options.Value.Period, timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        _known.IntersectWith(registry.Registrations);
        foreach (var gone in _inMaintenance.Keys.Except(registry.Registrations).ToList())
        {
            _inMaintenance.Remove(gone);
        }

        var changing = registry.Registrations
            .Where(registration => isReady ? ShouldReturn(registration) : ShouldLeave(registration, reason, isTransition))
            // The lambda is async, because SetStatusAsync may throw immediately if the registration has just been withdrawn.
            .Select(async registration => await registration.SetStatusAsync(
                isReady ? ServiceStatus.Serving : ServiceStatus.Maintenance, isReady ? null : reason, linked.Token).ConfigureAwait(false))
            .ToList();
        await Task.WhenAll(changing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private bool ShouldLeave(IServiceRegistration registration, string reason, bool isTransition)
    {
        var leaves = IsWaitingForFirstResult(registration)
            || (registration is { Status: ServiceStatus.Serving, State: not RegistrationState.Withdrawn } && !_inMaintenance.ContainsKey(registration))
            || (isTransition && IsInMaintenance(registration));
        if (leaves)
        {
            _inMaintenance[registration] = reason;
        }

        return leaves;
    }

    private bool ShouldReturn(IServiceRegistration registration)
    {
        var returns = IsWaitingForFirstResult(registration) || IsInMaintenance(registration);
        _inMaintenance.Remove(registration);
        return returns;
    }

    private bool IsInMaintenance(IServiceRegistration registration) => _inMaintenance.TryGetValue(registration, out var reason)
        && registration.Instance is { Status: ServiceStatus.Maintenance } instance && instance.StatusReason == reason;

    private bool IsWaitingForFirstResult(IServiceRegistration registration) =>
        _known.Add(registration) && registration.Status == ServiceStatus.Maintenance && unready.Concerns(registration.ServiceName);

    private void LogTransition(bool isReady, string reason)
    {
        if (!_checks.Any)
        {
            return;
        }

        if (isReady)
        {
            Log.Ready(_logger);
        }
        else
        {
            Log.NotReady(_logger, reason);
        }
    }
}
