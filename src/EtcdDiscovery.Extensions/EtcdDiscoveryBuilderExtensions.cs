using EtcdDiscovery;
using EtcdDiscovery.GrpcResolver;
using EtcdDiscovery.Hosting;
using EtcdDiscovery.Stores;
using Grpc.Net.Client.Balancer;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

// One overload takes the path of a section and the other a delegate, so no call is ambiguous.
#pragma warning disable RS0026

/// <summary>Configures service discovery in code, in addition to its settings.</summary>
public static class EtcdDiscoveryBuilderExtensions
{
    /// <summary>Registers an additional service of this process. All services of a process share one session in etcd.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configSectionPath">
    /// The configuration section with its <see cref="ServiceRegistrationOptions"/>, such as <c>EtcdDiscovery:Services:admin</c>. Its name
    /// is required. Adding the same section twice has no effect.
    /// </param>
    /// <returns>The builder.</returns>
    public static IEtcdDiscoveryBuilder AddService(this IEtcdDiscoveryBuilder builder, string configSectionPath)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(configSectionPath);
        AdditionalServices.Add(builder.Services, configSectionPath);
        return builder;
    }

    /// <summary>Registers an additional service of this process. All services of a process share one session in etcd.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Configures the service; a name is required.</param>
    /// <returns>The builder.</returns>
    public static IEtcdDiscoveryBuilder AddService(this IEtcdDiscoveryBuilder builder, Action<ServiceRegistrationOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        AdditionalServices.Add(builder.Services, configure);
        return builder;
    }

    /// <summary>
    /// Lets channels of <c>Grpc.Net.Client</c> balance calls over the instances of a service. The address <c>etcd:///catalog</c> uses the
    /// port <c>http</c>, or <c>https</c> on a channel with TLS. The address <c>etcd:///_grpc.catalog</c> uses the port named <c>grpc</c>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// This works for clients of <c>AddGrpcClient</c>, and for channels whose <c>GrpcChannelOptions.ServiceProvider</c> is the
    /// application's. A watch updates the addresses, so nothing is polled. The addresses carry <see cref="GrpcAddressAttributes"/>.
    /// <c>pick_first</c>, <c>round_robin</c> or a load balancer of your own picks among the addresses; the library's pickers and ejections
    /// do not apply.
    /// </para>
    /// <para>Do not call <c>AddEtcdDiscovery()</c> on the same client: its handler would look up the addresses as service names.</para>
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static IEtcdDiscoveryBuilder AddGrpcResolver(this IEtcdDiscoveryBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<ResolverFactory, EtcdResolverFactory>());
        return builder;
    }

    /// <summary>Keeps everything in memory, for tests. Overrides <see cref="EtcdDiscoveryOptions.Store"/>.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="shared">
    /// A store to share with other hosts in this process. The caller disposes it. By default, the host creates its own.
    /// </param>
    /// <returns>The builder.</returns>
    public static IEtcdDiscoveryBuilder UseInMemoryStore(this IEtcdDiscoveryBuilder builder, InMemoryDiscoveryStore? shared = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        // The container does not dispose an instance that it did not create.
        builder.Services.Replace(shared is null
            ? ServiceDescriptor.Singleton<IDiscoveryStore>(provider =>
                new InMemoryDiscoveryStore(provider.GetRequiredService<TimeProvider>()))
            : ServiceDescriptor.Singleton<IDiscoveryStore>(shared));
        return builder;
    }

    /// <summary>Uses a custom store. Overrides <see cref="EtcdDiscoveryOptions.Store"/>.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="factory">Creates the store. Called once; the store is disposed with the host.</param>
    /// <returns>The builder.</returns>
    public static IEtcdDiscoveryBuilder UseStore(this IEtcdDiscoveryBuilder builder, Func<IServiceProvider, IDiscoveryStore> factory)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(factory);
        builder.Services.Replace(ServiceDescriptor.Singleton(factory));
        return builder;
    }
}
