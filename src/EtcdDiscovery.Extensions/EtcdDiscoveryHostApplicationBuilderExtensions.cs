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
    /// endpoints from a connection string, such as <c>ConnectionStrings:etcd</c>: comma-separated URLs.
    /// </summary>
    /// <remarks>
    /// The delegate overrides the connection string, which overrides <c>EtcdDiscovery:Etcd:Endpoints</c>, which overrides <c>ETCD_HOSTS</c>
    /// and <c>ETCD_HOST</c>. The user and password of etcd have their own settings. Repeated calls with the same name have no effect.
    /// </remarks>
    /// <param name="builder">The application to add to.</param>
    /// <param name="connectionName">The name of the connection string. If there is no such connection string, the settings apply.</param>
    /// <param name="configure">Changes the settings after the configuration has been bound.</param>
    /// <returns>A builder for further configuration.</returns>
    /// <exception cref="InvalidOperationException">
    /// A previous call named another connection string. An application uses one etcd cluster.
    /// </exception>
    public static IEtcdDiscoveryBuilder AddEtcdDiscovery(
        this IHostApplicationBuilder builder, string connectionName, Action<EtcdDiscoveryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        ConnectionString.Add(builder.Services, connectionName);
        return builder.Services.AddEtcdDiscovery(configure);
    }
}
