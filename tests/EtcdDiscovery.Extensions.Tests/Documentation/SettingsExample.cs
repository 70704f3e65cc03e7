using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>Reads the settings that a document shows as JSON.</summary>
internal static class SettingsExample
{
    /// <summary>The first JSON block of a document, as configuration.</summary>
    public static IConfiguration Of(string document) => new ConfigurationBuilder()
        .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(Markdown.Blocks(document, "json").First())))
        .Build();

    public static void AssertAllAreKnown(IConfiguration example)
    {
        var options = example.GetSection(EtcdDiscoveryOptions.SectionName)
            .Get<EtcdDiscoveryOptions>(binder => binder.ErrorOnUnknownConfiguration = true);

        Assert.Equal("my-service", options!.Service.Name);
    }

    /// <summary>Runs a web application with these settings, and gets the URL of its service and of its server.</summary>
    public static async Task<(string Registered, string Server)> RegisterAsync(string service, Action<ConfigurationManager> configure)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        configure(builder.Configuration);
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddEtcdDiscovery().UseServerAddresses().UseInMemoryStore();
        await using var app = builder.Build();

        await app.StartAsync(TestContext.Current.CancellationToken);
        var registration = Assert.Single(app.Services.GetRequiredService<IServiceRegistry>().Registrations);
        await registration.WaitUntilRegisteredAsync(TestContext.Current.CancellationToken);
        var uri = await app.Services.GetRequiredService<IServiceResolver>()
            .GetUriAsync(service, "http", cancellationToken: TestContext.Current.CancellationToken);
        await app.StopAsync(TestContext.Current.CancellationToken);
        return (uri.OriginalString, Assert.Single(app.Urls));
    }
}
