using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Infrastructure;

internal static class HttpHandlers
{
    /// <summary>What HttpClientFactory puts below a client: for those that bring a client of their own.</summary>
    public static HttpMessageHandler GetHandler(this IServiceProvider services, string client) =>
        services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(client);
}
