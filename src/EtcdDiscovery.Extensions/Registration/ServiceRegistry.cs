namespace EtcdDiscovery.Registration;

/// <summary>Turns options into registrations of the process's session.</summary>
internal sealed class ServiceRegistry(SessionLoop session, string nodeHostname) : IServiceRegistry
{
    public IReadOnlyList<IServiceRegistration> Registrations => session.Registrations;

    public Task<IServiceRegistration> RegisterAsync(
        ServiceRegistrationOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IServiceRegistration>(Register(options));
    }

    public ServiceRegistration Register(ServiceRegistrationOptions options)
    {
        RegistrationOptionsRules.ThrowIfWrong(options);
        var registration = new ServiceRegistration(options, nodeHostname, session);
        session.Add(registration);
        return registration;
    }
}
