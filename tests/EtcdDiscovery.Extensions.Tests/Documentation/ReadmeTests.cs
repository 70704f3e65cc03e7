using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using EtcdDiscovery.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>README's settings are the library's, its example works, and its tables are complete.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Readme = Repository.Read("README.md");

    private static IConfiguration Example => new ConfigurationBuilder()
        .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(Markdown.Blocks(Readme, "json").Single())))
        .Build();

    [Fact]
    public void Settings_OfTheExample_AreAllKnown()
    {
        var options = Example.GetSection(EtcdDiscoveryOptions.SectionName)
            .Get<EtcdDiscoveryOptions>(binder => binder.ErrorOnUnknownConfiguration = true);

        Assert.Equal("my-service", options!.Service.Name);
    }

    [Fact]
    public async Task Settings_OfTheExample_RegisterTheService()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddConfiguration(Example);
        builder.Services.AddEtcdDiscovery().UseInMemoryStore();
        using var host = builder.Build();

        await host.StartAsync(TestContext.Current.CancellationToken);
        var registration = Assert.Single(host.Services.GetRequiredService<IServiceRegistry>().Registrations);
        await registration.WaitUntilRegisteredAsync(TestContext.Current.CancellationToken);
        var uri = await host.Services.GetRequiredService<IServiceResolver>()
            .GetUriAsync("my-service", "https", cancellationToken: TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal("https://public-domain.dev:443", uri.OriginalString);
    }

    [Fact]
    public void EnvironmentVariables_OfTheExample_SayTheSameAsItsJson() =>
        Assert.All(Markdown.Lines(Markdown.Blocks(Readme, "sh").Single()), line =>
        {
            var (name, value) = line.Split('=', 2) is [var left, var right] ? (left, right) : ("", "");
            Assert.Equal(Example[name.Replace("__", ":", StringComparison.Ordinal)], value);
        });

    [Fact]
    public void SettingsTable_ComparedWithTheOptions_HasEveryKeyAndDefault()
    {
        var options = new EtcdDiscoveryOptions();
        new GoEnvironment(_ => null).PostConfigure(null, options);

        var listed = Markdown.Table(Readme, "## Settings").Select(row => $"{row[0]} = {row[1]}");

        Assert.Equal(Settings("", options).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ClientTable_ComparedWithTheOptions_HasEveryPropertyAndDefault()
    {
        var listed = Markdown.Table(Readme, "## Call services with HttpClient").Select(row => $"{row[0]} = {row[1]}");

        Assert.Equal(
            Settings("", new HttpDiscoveryOptions()).Order(StringComparer.Ordinal),
            listed.Select(row => row.Replace("= none", "= ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void FindingTable_ComparedWithTheResolver_HasEveryMethod() =>
        Assert.Equal(
            typeof(IServiceResolver).GetMethods()
                .Concat(typeof(ServiceResolverExtensions).GetMethods(BindingFlags.Public | BindingFlags.Static))
                .Select(method => method.Name).Order(StringComparer.Ordinal),
            Markdown.Table(Readme, "## Find services").Select(row => row[0]).Order(StringComparer.Ordinal));

    [Fact]
    public void Dependencies_AtRunTime_AreAllSaidWithWhatTheyAreFor()
    {
        var referenced = XDocument.Parse(Repository.Read("src/EtcdDiscovery.Extensions/EtcdDiscovery.Extensions.csproj"))
            .Descendants("PackageReference")
            .Where(package => package.Attribute("PrivateAssets") is null)
            .Select(package => (string)package.Attribute("Include")!);
        var said = Readme[Readme.IndexOf("## Requirements and dependencies", StringComparison.Ordinal)..];

        var packages = Package().Matches(said).Select(match => match.Groups[1].Value);

        Assert.Equal(referenced.Order(StringComparer.Ordinal), packages.Order(StringComparer.Ordinal));
    }

    // A name in backquotes, and then what it is for.
    [GeneratedRegex(@"`(dotnet-etcd|(?:Google|Grpc|Microsoft)\.[\w.]+)`\s(?:for|to)\s[\w`]")]
    private static partial Regex Package();

    private static IEnumerable<string> Settings(string prefix, object options) => options.GetType()
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .SelectMany(property => property.GetValue(options) switch
        {
            EtcdOptions or EtcdTlsOptions or ServiceRegistrationOptions => Settings($"{prefix}{property.Name}:", property.GetValue(options)!),
            var value => [$"{prefix}{property.Name} = {Print(value)}"],
        });

    private static string Print(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "true" : "false",
        IEnumerable<string> list => string.Join(", ", list),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
