namespace EtcdDiscovery.Registration;

/// <summary>Turns options into registrations of the process's loop.</summary>
internal sealed class ServiceRegistry(SessionLoop loop, string nodeHostname) : IServiceRegistry
{
    public IReadOnlyList<IServiceRegistration> Registrations => loop.Registrations;

    public Task<IServiceRegistration> RegisterAsync(
        ServiceRegistrationOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RegistrationOptionsRules.ThrowIfWrong(options);
        return Task.FromResult<IServiceRegistration>(Add(options));
    }

    /// <summary>Registers a service whose options are valid, as those are that come from configuration.</summary>
    public ServiceRegistration Add(ServiceRegistrationOptions options)
    {
        var registration = new ServiceRegistration(options, nodeHostname, loop.Session, loop.Drain);
        loop.Add(registration);
        return registration;
    }
}
