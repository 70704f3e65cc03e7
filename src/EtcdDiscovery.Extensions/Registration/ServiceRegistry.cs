using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Registration;

/// <summary>Turns options into registrations of the process's session.</summary>
internal sealed class ServiceRegistry(SessionLoop session, string nodeHostname) : IServiceRegistry
{
    public IReadOnlyList<IServiceRegistration> Registrations => session.Registrations;

    public Task<IServiceRegistration> RegisterAsync(
        ServiceRegistrationOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        var problems = RegistrationRules.Check(options, nameof(ServiceRegistrationOptions), nameRequired: true).ToList();
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(
                nameof(ServiceRegistrationOptions), typeof(ServiceRegistrationOptions), problems);
        }

        var registration = new ServiceRegistration(
            AdvertisedService.From(options, nodeHostname, Guid.NewGuid()), session);
        session.Add(registration);
        return Task.FromResult<IServiceRegistration>(registration);
    }
}
