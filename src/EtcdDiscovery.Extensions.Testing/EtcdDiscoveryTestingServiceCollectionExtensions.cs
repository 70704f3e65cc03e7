using EtcdDiscovery;
using EtcdDiscovery.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Replaces etcd in the services of an application, for tests.</summary>
/// <remarks>
/// The methods may be called before or after the application's own <c>AddEtcdDiscovery()</c>, for example in <c>ConfigureTestServices</c>,
/// and in a service collection without a host.
/// </remarks>
public static class EtcdDiscoveryTestingServiceCollectionExtensions
{
    /// <summary>
    /// Makes a fake the <see cref="IServiceResolver"/> of an application, and so of its <c>HttpClient</c>s with discovery. The application
    /// registers itself in the fake's store; etcd is not called.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="resolver">The fake. It has its own settings, and is not disposed with the application.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddFakeServiceResolver(this IServiceCollection services, FakeServiceResolver resolver)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(resolver);
        services.AddHostServices().AddEtcdDiscovery().UseStore(_ => resolver.Store);
        return services.Replace(ServiceDescriptor.Singleton<IServiceResolver>(resolver));
    }

    /// <summary>
    /// Makes an application discover a fleet, and register itself in the fleet's store, instead of etcd. If the fleet has a clock, it
    /// becomes the application's <see cref="TimeProvider"/>.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="fleet">The fleet. It may be shared by several applications, and is not disposed with them.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddScriptedFleet(this IServiceCollection services, ScriptedFleet fleet)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(fleet);
        services.AddHostServices().AddEtcdDiscovery().UseStore(_ => fleet.Store);
        return fleet.TimeProvider is { } timeProvider ? services.Replace(ServiceDescriptor.Singleton(timeProvider)) : services;
    }

    // What a host has before its services are configured.
    private static IServiceCollection AddHostServices(this IServiceCollection services)
    {
        services.TryAddSingleton<IConfiguration>(_ => new ConfigurationBuilder().Build());
        return services.AddLogging();
    }
}
