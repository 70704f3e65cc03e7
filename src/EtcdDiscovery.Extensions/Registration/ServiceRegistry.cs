using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>Creates registrations that share the session of this process.</summary>
/// <param name="loop">The session loop.</param>
/// <param name="nodeHostname">This machine's host name.</param>
/// <param name="isEnabled">Whether service discovery is enabled.</param>
/// <param name="reachability">Logs warnings for instances that clients cannot reach; null to log none.</param>
/// <param name="stateChanged">Called with each new state of a registration.</param>
internal sealed class ServiceRegistry(
    SessionLoop loop,
    string nodeHostname,
    bool isEnabled = true,
    ReachabilityCheck? reachability = null,
    Action<ServiceRegistration, RegistrationState>? stateChanged = null) : IServiceRegistry
{
    public IReadOnlyList<IServiceRegistration> Registrations => loop.Registrations;

    public IServiceRegistration Register(ServiceRegistrationOptions options)
    {
        RegistrationOptionsRules.ThrowIfInvalid(options);
        if (!isEnabled)
        {
            throw new EtcdDiscoveryException(
                $"Service '{LogSanitizer.Sanitize(options.Name ?? "")}' is not registered: {EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Enabled)} is false.");
        }

        return Add(options);
    }

    /// <summary>Registers a service whose options have been validated.</summary>
    public ServiceRegistration Add(ServiceRegistrationOptions options)
    {
        var registration = new ServiceRegistration(options, nodeHostname, loop.Session, loop.Drain, stateChanged);
        loop.Add(registration);
        if (options.WarnIfUnreachable)
        {
            reachability?.Check(registration.Instance, usesNodeHostname: EncodedInstance.UsesNodeHostname(options));
        }

        return registration;
    }
}
