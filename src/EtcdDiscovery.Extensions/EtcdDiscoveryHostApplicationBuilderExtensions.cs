using EtcdDiscovery;
using EtcdDiscovery.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

// The overloads differ in a required parameter, so no call is ambiguous.
#pragma warning disable RS0026

/// <summary>Adds service discovery on etcd to an application.</summary>
public static class EtcdDiscoveryHostApplicationBuilderExtensions
{
    /// <inheritdoc cref="EtcdDiscoveryServiceCollectionExtensions.AddEtcdDiscovery(IServiceCollection, Action{EtcdDiscoveryOptions})"/>
    /// <param name="builder">The application to add to.</param>
    /// <param name="configure">Changes the settings after the configuration has been bound.</param>
    public static IEtcdDiscoveryBuilder AddEtcdDiscovery(
        this IHostApplicationBuilder builder, Action<EtcdDiscoveryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddEtcdDiscovery(configure);
    }

    /// <summary>
    /// Adds service discovery as <see cref="AddEtcdDiscovery(IHostApplicationBuilder, Action{EtcdDiscoveryOptions})"/> does, with etcd's
    /// endpoints from a connection string, such as <c>ConnectionStrings:etcd</c>: comma-separated URLs. Also adds the health check, and the
    /// activity source and the meter to the application's OpenTelemetry, if it has any; <see cref="EtcdDiscoverySettings"/> disables them.
    /// </summary>
    /// <remarks>
    /// The delegate overrides the connection string, which overrides <c>EtcdDiscovery:Etcd:Endpoints</c>, which overrides <c>ETCD_HOSTS</c>
    /// and <c>ETCD_HOST</c>. The user and password of etcd have their own settings. Repeated calls with the same name add only their
    /// delegates.
    /// </remarks>
    /// <param name="builder">The application to add to.</param>
    /// <param name="connectionName">The name of the connection string. If there is no such connection string, the settings apply.</param>
    /// <param name="configureSettings">Changes what is added, after the configuration has been bound.</param>
    /// <param name="configureOptions">Changes the settings of service discovery, after the configuration has been bound.</param>
    /// <returns>A builder for further configuration.</returns>
    /// <exception cref="InvalidOperationException">
    /// A previous call named another connection string. An application uses one etcd cluster.
    /// </exception>
    public static IEtcdDiscoveryBuilder AddEtcdDiscovery(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<EtcdDiscoverySettings>? configureSettings = null,
        Action<EtcdDiscoveryOptions>? configureOptions = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        if (ConnectionString.TryAdd(builder.Services, connectionName))
        {
            Observability.Add(builder.Services);
        }

        if (configureSettings is not null)
        {
            builder.Services.Configure(configureSettings);
        }

        return builder.Services.AddEtcdDiscovery(configureOptions);
    }
}
