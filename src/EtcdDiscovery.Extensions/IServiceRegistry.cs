namespace EtcdDiscovery;

/// <summary>Registers the services of this process, which share one session in the store.</summary>
/// <remarks>
/// A singleton, safe for concurrent use. The configured service (section <c>EtcdDiscovery:Service</c>) is registered here once the
/// application can handle requests. It is withdrawn, with all others, when the application begins to stop. Members that later versions add
/// will have default implementations.
/// </remarks>
public interface IServiceRegistry
{
    /// <summary>A snapshot of the registrations that are not withdrawn.</summary>
    IReadOnlyList<IServiceRegistration> Registrations { get; }

    /// <summary>Registers a service.</summary>
    /// <remarks>
    /// Returns without waiting for the store. The service is written in the background, even if the host has not started yet. Dispose the
    /// registration to withdraw the service. When the host stops, it withdraws all services.
    /// </remarks>
    /// <param name="options">
    /// The service to register. The options are copied: later changes of the object have no effect.
    /// <see cref="ServiceRegistrationOptions.Enabled"/> and <see cref="EtcdDiscoveryOptions.RegisterService"/> apply to configured services
    /// only.
    /// </param>
    /// <returns>
    /// The registration, which has usually not been written to the store yet: see
    /// <see cref="IServiceRegistration.WaitUntilRegisteredAsync"/>.
    /// </returns>
    /// <exception cref="ArgumentNullException">The options are <see langword="null"/>.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">
    /// Some options are invalid; the message lists all of them.
    /// </exception>
    /// <exception cref="EtcdDiscoveryException"><see cref="EtcdDiscoveryOptions.Enabled"/> is <see langword="false"/>.</exception>
    /// <exception cref="ObjectDisposedException">The application is stopping.</exception>
    IServiceRegistration Register(ServiceRegistrationOptions options);
}
