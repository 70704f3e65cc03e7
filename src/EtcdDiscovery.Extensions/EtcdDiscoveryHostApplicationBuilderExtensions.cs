using EtcdDiscovery;
using EtcdDiscovery.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

// The overloads differ in a required parameter, so no call can mean both.
#pragma warning disable RS0026

/// <summary>Adds service discovery on etcd to an application.</summary>
public static class EtcdDiscoveryHostApplicationBuilderExtensions
{
    /// <inheritdoc cref="EtcdDiscoveryServiceCollectionExtensions.AddEtcdDiscovery(IServiceCollection, Action{EtcdDiscoveryOptions})"/>
    /// <param name="builder">The application to add to.</param>
    /// <param name="configure">Changes the settings after the configuration was bound.</param>
    public static IEtcdDiscoveryBuilder AddEtcdDiscovery(
        this IHostApplicationBuilder builder, Action<EtcdDiscoveryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddEtcdDiscovery(configure);
    }

    /// <summary>
    /// Adds service discovery as <see cref="AddEtcdDiscovery(IHostApplicationBuilder, Action{EtcdDiscoveryOptions})"/> does, with etcd's
    /// endpoints from a connection string, such as <c>ConnectionStrings:etcd</c>: URLs with commas between.
    /// </summary>
    /// <remarks>
    /// The delegate wins over the connection string, that over <c>EtcdDiscovery:Etcd:Endpoints</c>, and that over <c>ETCD_HOSTS</c> and
    /// <c>ETCD_HOST</c>. User and password of etcd have settings of their own. Calling it more than once with the same name is harmless.
    /// </remarks>
    /// <param name="builder">The application to add to.</param>
    /// <param name="connectionName">The name of the connection string. Without a connection string of that name, the settings hold.</param>
    /// <param name="configure">Changes the settings after the configuration was bound.</param>
    /// <returns>A builder to go on with.</returns>
    /// <exception cref="InvalidOperationException">Another connection string was named before: an application uses one etcd cluster.</exception>
    public static IEtcdDiscoveryBuilder AddEtcdDiscovery(
        this IHostApplicationBuilder builder, string connectionName, Action<EtcdDiscoveryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        ConnectionString.Add(builder.Services, connectionName);
        return builder.Services.AddEtcdDiscovery(configure);
    }
}
