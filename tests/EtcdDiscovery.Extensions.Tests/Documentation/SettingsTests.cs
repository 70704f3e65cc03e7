using System.Globalization;
using System.Reflection;
using EtcdDiscovery.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The settings in docs/settings.md match the packages, and its example works.</summary>
public sealed class SettingsTests
{
    private static readonly string Page = Repository.Read("docs/settings.md");

    private static IConfiguration Example => SettingsExample.Of(Page);

    [Fact]
    public void Settings_OfTheExample_AreAllKnown() => SettingsExample.AssertAllAreKnown(Example);

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
    public void EnvironmentVariables_OfTheExample_MatchItsJson() =>
        Assert.All(Markdown.Lines(Markdown.Blocks(Page, "sh").First()), line =>
        {
            var (name, value) = line.Split('=', 2) is [var left, var right] ? (left, right) : ("", "");
            Assert.Equal(Example[name.Replace("__", ":", StringComparison.Ordinal)], value);
        });

    [Fact]
    public void Tables_ComparedWithTheOptions_HaveEveryKeyAndDefault()
    {
        var options = new EtcdDiscoveryOptions();
        new GoEnvironment(_ => null).PostConfigure(null, options);

        string[] headings = ["## Application", "## Timing and failure", "## etcd", "## Service"];
        var listed = headings.SelectMany(heading => Markdown.Table(Page, heading)).Select(row => $"{row[0]} = {row[1]}");

        Assert.Equal(Settings("", options).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void HealthAndTelemetryTable_ComparedWithTheSettings_HasEveryKeyAndDefault() => Assert.Equal(
        Settings("", new EtcdDiscoverySettings()).Order(StringComparer.Ordinal),
        Markdown.Table(Page, "## Health check and telemetry").Select(row => $"{row[0]} = {row[1]}").Order(StringComparer.Ordinal));

    [Fact]
    public void AspNetCoreTable_ComparedWithTheOptions_HasEveryKeyAndDefault()
    {
        var listed = Markdown.Table(Page, "## ASP.NET Core").Select(row => $"{row[0]} = {row[1]}");

        Assert.Equal(
            Settings("ServerAddresses:", new ServerAddressOptions())
                .Concat(Settings("Readiness:", new ReadinessOptions()))
                .Order(StringComparer.Ordinal),
            listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ClientTable_ComparedWithTheOptions_HasEveryPropertyAndDefault()
    {
        var listed = Markdown.Table(Page, "## HttpClient").Select(row => $"{row[0]} = {row[1]}");

        Assert.Equal(
            Settings("", new HttpDiscoveryOptions()).Order(StringComparer.Ordinal),
            listed.Select(row => row.Replace("= none", "= ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

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
