using System.Net;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Http;

/// <summary>Adds the discovery handler to the clients of HttpClientFactory.</summary>
internal static class ClientDiscovery
{
    // Grpc.Net.Client looks for this property on the primary handler. Without it, it would look up the service's name in DNS and connect
    // before the first call.
    private const string NoGrpcBalancing = "__GrpcLoadBalancingDisabled";

    /// <param name="services">The services to add to.</param>
    /// <param name="client">The client's name; null for all clients.</param>
    public static void Add(IServiceCollection services, string? client)
    {
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<HttpDiscoveryOptions>, HttpDiscoveryOptionsValidator>());
        services.AddOptions<HttpDiscoveryOptions>(client).ValidateOnStart();
        if (client is not null)
        {
            services.Configure<HttpDiscoveryOptions>(client, MakeOwn);
        }

        // Runs after all other configuration, regardless of the order of the calls. So the handler is the innermost one, and each retry or
        // hedged attempt of an outer handler can use another instance.
        services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(
            new PostConfigureOptions<HttpClientFactoryOptions>(client, options => options.HttpMessageHandlerBuilderActions.Add(Place)));
    }

    /// <summary>
    /// Configures a client, or all clients if the name is null. ServiceHosts that are configured for all clients do not apply to a client
    /// with its own AddEtcdDiscovery().
    /// </summary>
    public static void Configure(IServiceCollection services, string? client, Action<HttpDiscoveryOptions> configure) =>
        services.Configure<HttpDiscoveryOptions>(client, client is not null ? configure : options =>
        {
            var own = options.ServiceHosts;
            options.ServiceHosts = [.. own];
            configure(options);
            options.ServiceHosts = options.IsOwn ? own : options.ServiceHosts;
        });

    private static void MakeOwn(HttpDiscoveryOptions options)
    {
        if (!options.IsOwn)
        {
            options.IsOwn = true;
            options.ServiceHosts = [];
        }
    }

    private static void Place(HttpMessageHandlerBuilder builder)
    {
        var isEnabled = builder.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value.Enabled;
        if (!isEnabled || builder.AdditionalHandlers.OfType<DiscoveryHandler>().Any())
        {
            return;
        }

        var options = builder.Services.GetRequiredService<IOptionsMonitor<HttpDiscoveryOptions>>().Get(builder.Name);
        if (options.AllowedNetworks.Count > 0)
        {
            AddressRules.Apply(builder.PrimaryHandler, builder.Name, [.. options.AllowedNetworks.Select(network => IPNetwork.Parse(network))]);
        }

        if (builder.AdditionalHandlers.Count > 0)
        {
            builder.AdditionalHandlers.Insert(0, new OutermostHandler());
        }

        builder.AdditionalHandlers.Add(new DiscoveryHandler(
            builder.Services.GetRequiredService<IServiceResolver>(),
            builder.Services.GetRequiredService<CapitalizedNames>(),
            options,
            builder.Services.GetRequiredService<AttemptTelemetry>(),
            builder.Services.GetRequiredService<SafeLoggerFactory>().CreateLogger(LogCategories.Http)));
        if (builder.PrimaryHandler is SocketsHttpHandler primary)
        {
            primary.Properties[NoGrpcBalancing] = true;
        }
    }
}
