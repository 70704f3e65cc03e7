using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Extensions.Configuration;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The example in the README works, and the lists of methods and dependencies in the guides are complete.</summary>
public sealed partial class ReadmeTests
{
    private static IConfiguration Example => SettingsExample.Of(Repository.Read("README.md"));

    [Fact]
    public void Settings_OfTheExample_AreAllKnown() => SettingsExample.AssertAllAreKnown(Example);

    [Fact]
    public async Task Settings_OfTheExample_RegisterTheAddressesOfTheServer()
    {
        var (registered, server) = await SettingsExample.RegisterAsync("my-service", configuration => configuration.AddConfiguration(Example));

        Assert.Equal(server, registered);
    }

    [Fact]
    public void ResolvingTable_ComparedWithTheResolver_HasEveryMethod() =>
        Assert.Equal(
            typeof(IServiceResolver).GetMethods()
                .Concat(typeof(ServiceResolverExtensions).GetMethods(BindingFlags.Public | BindingFlags.Static))
                .Select(method => method.Name).Order(StringComparer.Ordinal),
            Markdown.Table(Repository.Read("docs/resolving.md"), "## Find services").Select(row => row[0]).Order(StringComparer.Ordinal));

    [Fact]
    public void RuntimeDependencies_All_AreDocumentedWithTheirPurpose()
    {
        var referenced = XDocument.Parse(Repository.Read("src/EtcdDiscovery.Extensions/EtcdDiscovery.Extensions.csproj"))
            .Descendants("PackageReference")
            .Where(package => package.Attribute("PrivateAssets") is null)
            .Select(package => (string)package.Attribute("Include")!);
        var page = Repository.Read("docs/getting-started.md");
        var section = page[page.IndexOf("## Requirements and dependencies", StringComparison.Ordinal)..];

        var packages = Package().Matches(section).Select(match => match.Groups[1].Value);

        Assert.Equal(referenced.Order(StringComparer.Ordinal), packages.Order(StringComparer.Ordinal));
    }

    // A name in backquotes, followed by its purpose.
    [GeneratedRegex(@"`(dotnet-etcd|(?:Google|Grpc|Microsoft|OpenTelemetry)\.[\w.]+)`\s(?:for|to)\s[\w`]")]
    private static partial Regex Package();
}
