using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Registration;

/// <summary>Registers the configured services while the application runs, and applies configuration changes.</summary>
internal sealed partial class RegistrationHostedService(
    IOptions<EtcdDiscoveryOptions> options,
    ConfiguredServices configured,
    ServiceRegistry registry,
    SessionLoop loop,
    TimeProvider timeProvider,
    ILogger logger) : IHostedLifecycleService, IDisposable
{
    private readonly Dictionary<string, ServiceRegistration> _registrations = new(StringComparer.Ordinal);
    private readonly AsyncAutoResetEvent _changed = new(timeProvider);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _withdrawals = [];
    private IDisposable? _subscription;
    private Task _following = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Registers the services. Only at this point does the server accept connections and are its addresses known.</summary>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.Enabled)
        {
            Log.Disabled(logger);
            return;
        }

        // Subscribe before reading, so that no change is missed while this method waits.
        _subscription = configured.OnChange(_changed.Set);
        Apply(configured.Read());
        if (_registrations.Count == 0)
        {
            Log.NothingConfigured(logger);
        }

        if (options.Value.RequireRegistration)
        {
            await RequireAsync(options.Value.RegistrationTimeout, cancellationToken).ConfigureAwait(false);
        }

        _following = ApplyChangesAsync(_stopping.Token);
    }

    /// <summary>Withdraws the services. At this point, the server still accepts connections, so that no caller is refused.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        Dispose();
        await loop.StopAsync(cancellationToken).ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        await Task.WhenAll(_withdrawals).ConfigureAwait(false);
        // The application may dispose the host synchronously, which waits for all watches. So it must not continue on the stack of a watch
        // that is just ending.
        await Task.Yield();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _subscription?.Dispose();
        _stopping.Cancel();
    }

    private async Task ApplyChangesAsync(CancellationToken stopping)
    {
        while (true)
        {
            await _changed.WaitAsync(Timeout.InfiniteTimeSpan, stopping).ConfigureAwait(false);
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            try
            {
                Apply(configured.Read());
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                Log.ChangeRefused(logger, error.Message);
            }
        }
    }

    private void Apply(Dictionary<string, ServiceRegistrationOptions> services)
    {
        _withdrawals.RemoveAll(withdrawal => withdrawal.IsCompleted);
        foreach (var (section, registration) in _registrations.ToList())
        {
            if (!services.TryGetValue(section, out var service) || service.Name != registration.ServiceName)
            {
                // Not awaited, because it may drain for minutes, and the other changes must not wait for it.
                _withdrawals.Add(registration.DisposeAsync().AsTask());
                _registrations.Remove(section);
            }
        }

        foreach (var (section, service) in services)
        {
            if (_registrations.TryGetValue(section, out var registration))
            {
                registration.Change(service);
            }
            else
            {
                _registrations.Add(section, registry.Add(service));
            }
        }
    }

    private async Task RequireAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await Task.WhenAll(_registrations.Values.Select(registration =>
                registration.WaitUntilRegisteredAsync(linked.Token))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            if (_registrations.Values.FirstOrDefault(registration => !registration.IsStored) is not { } missing)
            {
                return;
            }

            var reason = missing.Failure ?? loop.Session.State.Failure ?? "no answer yet";
            await loop.StopAsync(cancellationToken).ConfigureAwait(false);
            throw new EtcdDiscoveryException(
                $"Service '{LogSanitizer.Sanitize(missing.ServiceName)}' could not be registered within {timeout}: {reason} "
                + $"The application does not start because {EtcdDiscoveryOptions.SectionName}:"
                + $"{nameof(EtcdDiscoveryOptions.RequireRegistration)} is true.",
                isTransient: true);
        }
    }
}
