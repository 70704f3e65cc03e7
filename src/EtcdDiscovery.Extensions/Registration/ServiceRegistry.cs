namespace EtcdDiscovery.Registration;

/// <summary>Turns options into registrations of the process's session.</summary>
internal sealed class ServiceRegistry(SessionLoop session, string nodeHostname) : IServiceRegistry
{
    public IReadOnlyList<IServiceRegistration> Registrations => session.Registrations;

    public Task<IServiceRegistration> RegisterAsync(
        ServiceRegistrationOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RegistrationRules.ThrowIfWrong(options);
        var registration = new ServiceRegistration(options, nodeHostname, session);
        session.Add(registration);
        return Task.FromResult<IServiceRegistration>(registration);
    }
}
