namespace EtcdDiscovery;

/// <summary>Registers services of this process. All of them share one session in the store.</summary>
/// <remarks>
/// A singleton, safe for concurrent use. The host's own service (section <c>EtcdDiscovery:Service</c>) is registered
/// through it once the application serves, and withdrawn with all others when it begins to stop.
/// </remarks>
public interface IServiceRegistry
{
    /// <summary>The registrations that are not withdrawn.</summary>
    IReadOnlyList<IServiceRegistration> Registrations { get; }

    /// <summary>Registers a service, at once: also when the application does not serve yet.</summary>
    /// <param name="options">What to register. It is read once; later changes of the object have no effect.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>
    /// The registration, usually not yet in the store: see <see cref="IServiceRegistration.WaitUntilRegisteredAsync"/>.
    /// </returns>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Some options are wrong; the message lists all of them.</exception>
    /// <exception cref="ObjectDisposedException">The application is stopping.</exception>
    Task<IServiceRegistration> RegisterAsync(
        ServiceRegistrationOptions options, CancellationToken cancellationToken = default);
}
