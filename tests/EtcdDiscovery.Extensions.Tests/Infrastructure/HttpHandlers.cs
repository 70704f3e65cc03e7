using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Infrastructure;

internal static class HttpHandlers
{
    /// <summary>The handler that HttpClientFactory creates for a client, for use with other clients.</summary>
    public static HttpMessageHandler GetHandler(this IServiceProvider services, string client) =>
        services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(client);
}
