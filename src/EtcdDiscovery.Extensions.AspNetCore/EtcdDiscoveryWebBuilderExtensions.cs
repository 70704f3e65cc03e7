using EtcdDiscovery;
using EtcdDiscovery.AspNetCore;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the server addresses and the readiness of web applications to service discovery.</summary>
public static class EtcdDiscoveryWebBuilderExtensions
{
    /// <summary>
    /// Registers the addresses that the server is bound to, even for port 0, unless the configuration contains ports. The host name is
    /// <c>Service:Hostname</c> or, if that is not set, the host that the server is bound to. If the server is bound to all addresses, the
    /// host name is the first of these that is available: an address in <see cref="ServerAddressOptions.PreferredNetwork"/>; the value of
    /// the environment variable <c>HOSTNAME</c>, unless it is the name of a pod or the id of a container; an address of this machine.
    /// </summary>
    /// <remarks>
    /// If several addresses have the same scheme, one is registered under the scheme, and the others under the lower-case names of their
    /// endpoints in the section <c>Kestrel:Endpoints</c>, so that <c>http://_grpc.catalog</c> finds the endpoint <c>Grpc</c>. Addresses
    /// that cannot be reached over the network (Unix sockets, pipes) are left out. If there is no other address, as with a test server,
    /// services without configured ports are not registered, and a warning is logged. Repeated calls are harmless.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings after the configuration has been bound.</param>
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
    /// Keeps the services of this process in maintenance, so that resolvers do not pick them, while the application's readiness checks are
    /// unhealthy: from the start until they are healthy for the first time, and whenever they fail later.
    /// </summary>
    /// <remarks>
    /// Degraded checks count as healthy. A status that the application has set is not changed. Services that are registered through
    /// <see cref="IServiceRegistry"/> are included within one <see cref="ReadinessOptions.Period"/>. Repeated calls are harmless.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Changes the settings after the configuration has been bound.</param>
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
