using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox.Browser;

/// <summary>A web application with the discovery page.</summary>
internal static class PageApplication
{
    /// <summary>Starts an application with the page; with a service, one that registers and resolves itself.</summary>
    public static async Task<WebApplication> StartAsync(string endpoint, string? service = null, string url = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(Product.Settings(endpoint, service, service is null ? null : "http", 8080));
        builder.WebHost.UseUrls(url);
        builder.AddDiscovery();
        var web = builder.Build();
        web.MapDiscoveryPage();
        await web.StartAsync(TestContext.Current.CancellationToken);
        if (service is not null)
        {
            await web.Services.RegisteredAsync(TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(async () => (await web.Services.InstancesAsync(service, TestContext.Current.CancellationToken)).Count == 1, "it resolves itself");
        }

        return web;
    }
}
