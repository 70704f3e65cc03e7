using EtcdDiscovery.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Keeps the process's registrations in maintenance while its readiness checks fail.</summary>
internal sealed partial class ReadinessService(
    IServiceProvider services,
    IServiceRegistry registry,
    IOptions<ReadinessOptions> options,
    UnreadyAtFirst unready,
    TimeProvider timeProvider,
    ILoggerFactory loggerFactory) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    // The registrations in maintenance because of the checks, each with the reason that was published. A maintenance that the
    // application has set has another reason, and stays.
    private readonly Dictionary<IServiceRegistration, string> _taken = [];
    private readonly HashSet<IServiceRegistration> _met = [];
    private readonly ReadinessChecks _checks = ActivatorUtilities.CreateInstance<ReadinessChecks>(services);
    private readonly ILogger _logger = new SafeLoggerFactory(loggerFactory).CreateLogger(LogCategories.AspNetCore);
    private Readiness _readiness;
    private string _reason = "The readiness checks were not asked yet.";
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
                await LookAsync(stopping).ConfigureAwait(false);
            }
            catch (Exception error) when (!stopping.IsCancellationRequested)
            {
                // Its message may hold what others should not read.
                Log.ApplyingFailed(_logger, error.GetType().Name);
            }
        }
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false));
    }

    private async Task LookAsync(CancellationToken stopping)
    {
        // At first nothing is known, and what may not be ready must not be picked meanwhile.
        await ApplyAsync(_readiness.IsReady == true, _reason, isNews: false, stopping).ConfigureAwait(false);
        var failing = await _checks.FindFailingAsync(stopping).ConfigureAwait(false);
        _reason = $"Unhealthy: {string.Join(", ", failing)}";
        var before = _readiness.IsReady;
        _readiness = _readiness.After(failing.Count == 0, options.Value);
        if (_readiness.IsReady != before)
        {
            Tell(_readiness.IsReady == true, _reason);
            await ApplyAsync(_readiness.IsReady == true, _reason, isNews: true, stopping).ConfigureAwait(false);
        }
    }

    private async Task ApplyAsync(bool isReady, string reason, bool isNews, CancellationToken stopping)
    {
        // The status is wanted from now on, however long the store takes to hear of it.
        using var timeout = new CancellationTokenSource(options.Value.Period, timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        _met.IntersectWith(registry.Registrations);
        foreach (var gone in _taken.Keys.Except(registry.Registrations).ToList())
        {
            _taken.Remove(gone);
        }

        var changing = registry.Registrations
            .Where(registration => isReady ? Returns(registration) : Leaves(registration, reason, isNews))
            // One that was withdrawn meanwhile throws at once.
            .Select(async registration => await registration.SetStatusAsync(
                isReady ? ServiceStatus.Serving : ServiceStatus.Maintenance, isReady ? null : reason, linked.Token).ConfigureAwait(false))
            .ToList();
        await Task.WhenAll(changing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private bool Leaves(IServiceRegistration registration, string reason, bool isNews)
    {
        var leaves = WaitsSinceItsStart(registration)
            || (registration is { Status: ServiceStatus.Serving, State: not RegistrationState.Withdrawn } && !_taken.ContainsKey(registration))
            || (isNews && IsTaken(registration));
        if (leaves)
        {
            _taken[registration] = reason;
        }

        return leaves;
    }

    private bool Returns(IServiceRegistration registration)
    {
        var returns = WaitsSinceItsStart(registration) || IsTaken(registration);
        _taken.Remove(registration);
        return returns;
    }

    private bool IsTaken(IServiceRegistration registration) => _taken.TryGetValue(registration, out var reason)
        && registration.Instance is { Status: ServiceStatus.Maintenance } instance && instance.StatusReason == reason;

    private bool WaitsSinceItsStart(IServiceRegistration registration) =>
        _met.Add(registration) && registration.Status == ServiceStatus.Maintenance && unready.Concerns(registration.ServiceName);

    private void Tell(bool isReady, string reason)
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
