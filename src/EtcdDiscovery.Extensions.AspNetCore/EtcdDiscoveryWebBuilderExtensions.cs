using EtcdDiscovery;
using EtcdDiscovery.AspNetCore;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds to service discovery what only a web application can tell.</summary>
public static class EtcdDiscoveryWebBuilderExtensions
{
    /// <summary>
    /// Registers the addresses that the server bound, port 0 included, where the configuration names no ports. The host
    /// name is that of <c>Service:Hostname</c>; else that which the server is bound to; for a server bound to all
    /// addresses it is the environment variable <c>HOSTNAME</c>, else an address of this machine.
    /// </summary>
    /// <remarks>
    /// Calling it more than once is harmless. Addresses that cannot be reached by network (Unix sockets, pipes) are left out; a
    /// server without any other, such as a test server, registers no service whose ports are not configured, and warns of it.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings after the configuration was bound.</param>
    /// <returns>The builder.</returns>
    public static IEtcdDiscoveryBuilder UseServerAddresses(
        this IEtcdDiscoveryBuilder builder, Action<ServerAddressOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        services.TryAddSingleton(new Machine(Environment.GetEnvironmentVariable, Machine.ReadAddresses));
        services.TryAddSingleton<ServerAddresses>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ServerAddresses>(Resolve));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<EtcdDiscoveryOptions>, ServerAddresses>(Resolve));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<ServiceRegistrationOptions>, ServerAddresses>(Resolve));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EtcdDiscoveryOptions>, ServerAddressRules>());
        var options = services.AddOptions<ServerAddressOptions>()
            .Configure<IConfiguration>((value, configuration) => configuration.GetSection(ServerAddressOptions.SectionName).Bind(value));
        if (configure is not null)
        {
            options.Configure(configure);
        }

        return builder;

        static ServerAddresses Resolve(IServiceProvider provider) => provider.GetRequiredService<ServerAddresses>();
    }

    /// <summary>
    /// Keeps the process's services in maintenance, so that resolvers do not pick them, while the application's readiness
    /// checks are unhealthy: from the start until they are healthy for the first time, and whenever they fail later.
    /// </summary>
    /// <remarks>
    /// Degraded is healthy enough. A status that the application set itself stays. Services that are registered from code are
    /// looked at within a <see cref="ReadinessOptions.Period"/>. Calling it more than once is harmless.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings after the configuration was bound.</param>
    /// <returns>The builder.</returns>
    public static IEtcdDiscoveryBuilder RegisterWhenHealthy(
        this IEtcdDiscoveryBuilder builder, Action<ReadinessOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        services.AddHealthChecks();
        services.AddHostedService<ReadinessService>();
        services.TryAddSingleton<UnreadyAtFirst>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<EtcdDiscoveryOptions>, UnreadyAtFirst>(Resolve));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<ServiceRegistrationOptions>, UnreadyAtFirst>(Resolve));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EtcdDiscoveryOptions>, ReadinessRules>());
        var options = services.AddOptions<ReadinessOptions>()
            .Configure<IConfiguration>((value, configuration) =>
            {
                var section = configuration.GetSection(ReadinessOptions.SectionName);
                value.Malformed = MalformedSettings.Find<ReadinessOptions>(section);
                MalformedSettings.Without(section, value.Malformed).Bind(value);
            });
        if (configure is not null)
        {
            options.Configure(configure);
        }

        return builder;

        static UnreadyAtFirst Resolve(IServiceProvider provider) => provider.GetRequiredService<UnreadyAtFirst>();
    }
}
