using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Registration;

/// <summary>Registers the host's own service for exactly as long as the application serves.</summary>
internal sealed class RegistrationHostedService(
    IOptions<EtcdDiscoveryOptions> options,
    IServiceRegistry registry,
    SessionLoop session,
    TimeProvider timeProvider) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Registers now, not earlier: the server accepts from here on, and its addresses are known.</summary>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        if (settings.Service.Name is null)
        {
            return;
        }

        var registration = await registry.RegisterAsync(settings.Service, cancellationToken).ConfigureAwait(false);
        if (settings.RequireRegistration)
        {
            await RequireAsync(registration, settings.RegistrationTimeout, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Withdraws now, not later: the server still accepts, so nobody calls in vain.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => session.StopAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task RequireAsync(
        IServiceRegistration registration, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await registration.WaitUntilRegisteredAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            var reason = session.State.Failure ?? "no answer yet";
            await session.StopAsync(cancellationToken).ConfigureAwait(false);
            throw new EtcdDiscoveryException(
                $"Service '{registration.ServiceName}' could not be registered within {timeout}: {reason} "
                + $"The application does not start because {EtcdDiscoveryOptions.SectionName}:"
                + $"{nameof(EtcdDiscoveryOptions.RequireRegistration)} is true.",
                isTransient: true);
        }
    }
}
