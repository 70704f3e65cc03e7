using System.Net;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Http;

/// <summary>Puts the handler into the clients that HttpClientFactory makes.</summary>
internal static class ClientDiscovery
{
    // Grpc.Net.Client looks for this on the primary handler. Else it would look the service's name up in DNS and connect
    // by itself before the first call.
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

        // After all that is configured, whatever the order of the calls: so the handler stands next to the network, and
        // who retries or hedges above it gets another instance each time.
        services.AddSingleton<IPostConfigureOptions<HttpClientFactoryOptions>>(
            new PostConfigureOptions<HttpClientFactoryOptions>(client, options => options.HttpMessageHandlerBuilderActions.Add(Place)));
    }

    /// <summary>Configures a client, or with the name null all clients, whose hosts are not those of clients of their own.</summary>
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
            options,
            builder.Services.GetRequiredService<SafeLoggerFactory>().CreateLogger(LogCategories.Http)));
        if (builder.PrimaryHandler is SocketsHttpHandler primary)
        {
            primary.Properties[NoGrpcBalancing] = true;
        }
    }
}
