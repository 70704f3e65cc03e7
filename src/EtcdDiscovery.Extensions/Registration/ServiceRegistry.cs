using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>Turns options into registrations of the process's session.</summary>
/// <param name="loop">The session's loop.</param>
/// <param name="nodeHostname">This machine's host name.</param>
/// <param name="isEnabled">Whether service discovery is on.</param>
/// <param name="stateChanged">Called with each state that a registration gets.</param>
internal sealed class ServiceRegistry(
    SessionLoop loop,
    string nodeHostname,
    bool isEnabled = true,
    Action<ServiceRegistration, RegistrationState>? stateChanged = null) : IServiceRegistry
{
    public IReadOnlyList<IServiceRegistration> Registrations => loop.Registrations;

    public IServiceRegistration Register(ServiceRegistrationOptions options)
    {
        RegistrationOptionsRules.ThrowIfWrong(options);
        if (!isEnabled)
        {
            throw new EtcdDiscoveryException(
                $"Service '{LogSanitizer.Sanitize(options.Name ?? "")}' is not registered: {EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Enabled)} is false.");
        }

        return Add(options);
    }

    /// <summary>Registers a service whose options are valid, as those are that come from configuration.</summary>
    public ServiceRegistration Add(ServiceRegistrationOptions options)
    {
        var registration = new ServiceRegistration(options, nodeHostname, loop.Session, loop.Drain, stateChanged);
        loop.Add(registration);
        return registration;
    }
}
