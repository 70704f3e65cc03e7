using System.Text;
using Microsoft.Extensions.Configuration;

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
}
