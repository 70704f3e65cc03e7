extern alias library;

using System.Reflection;
using System.Text.Json;
using EtcdDiscovery.Hosting;
using Json.Schema;
using LogCategories = library::EtcdDiscovery.Primitives.LogCategories;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The schemas in the packages, by which editors complete and check appsettings.json.</summary>
public sealed class ConfigurationSchemaTests
{
    private const string Core = "src/EtcdDiscovery.Extensions/ConfigurationSchema.json";
    private const string AspNetCore = "src/EtcdDiscovery.Extensions.AspNetCore/ConfigurationSchema.json";

    // As the schema of appsettings.json that editors use.
    private static readonly BuildOptions Draft = new() { Dialect = Dialect.Draft07 };

    public static TheoryData<string> Files => [Core, AspNetCore];

    public static TheoryData<string> SettingsOfSamplesAndGuides =>
    [
        .. Repository.FilesBelow("samples", "appsettings*.json").Select(file => Repository.Read($"samples/{file}")),
        Markdown.Blocks(Repository.Read("README.md"), "json").First(),
        Markdown.Blocks(Repository.Read("docs/settings.md"), "json").First(),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Schema_ComparedWithTheOptions_IsCurrent(string file)
    {
        var expected = Generate(file);
        if (Environment.GetEnvironmentVariable("UPDATE_SCHEMA") == "1")
        {
            File.WriteAllText(Repository.PathOf(file), expected);
        }

        Assert.True(
            File.Exists(Repository.PathOf(file)) && expected == Repository.Read(file),
            $"{file} differs from the options or their documentation. To write it again, run this test with UPDATE_SCHEMA=1.");
    }

    [Theory]
    [MemberData(nameof(SettingsOfSamplesAndGuides))]
    public void Settings_OfSamplesAndGuides_AreValid(string json) => Assert.Empty(FindErrors(json));

    [Theory]
    [InlineData("""{ "Etcd": { "Endpoints": "http://etcd-1:2379,http://etcd-2:2379" } }""")]
    [InlineData("""{ "Service": { "Ports": { "http": 8080, "https": "443" }, "Weight": 1.5 } }""")]
    [InlineData("""{ "TimeToLive": "00:05", "CacheIdleTimeout": "1.00:00:00", "OutageGrace": "0", "RetryDelay": "00:00:00.2" }""")]
    [InlineData("""{ "Services": { "admin": { "Name": "admin" } } }""")]
    [InlineData("""{ "DisableHealthChecks": true, "Readiness": { "FailuresToLeave": 3 } }""")]
    public void Settings_Valid_AreAccepted(string section) => Assert.Empty(FindErrors($$"""{ "EtcdDiscovery": {{section}} }"""));

    [Theory]
    [InlineData("""{ "TimeToLive": "5" }""", "/EtcdDiscovery/TimeToLive")]
    [InlineData("""{ "TimeToLive": "5s" }""", "/EtcdDiscovery/TimeToLive")]
    [InlineData("""{ "Store": "Consul" }""", "/EtcdDiscovery/Store")]
    [InlineData("""{ "Enabled": "yes" }""", "/EtcdDiscovery/Enabled")]
    [InlineData("""{ "DisableTracing": 1 }""", "/EtcdDiscovery/DisableTracing")]
    [InlineData("""{ "Etcd": { "Endpoint": "http://etcd-1:2379" } }""", "/EtcdDiscovery/Etcd/Endpoint")]
    [InlineData("""{ "Etcd": { "Tls": { "Key": true } } }""", "/EtcdDiscovery/Etcd/Tls/Key")]
    [InlineData("""{ "Service": { "Ports": "http" } }""", "/EtcdDiscovery/Service/Ports")]
    [InlineData("""{ "Service": { "InitialStatus": "Draining" } }""", "/EtcdDiscovery/Service/InitialStatus")]
    [InlineData("""{ "Readiness": { "FailuresToLeave": 2.5 } }""", "/EtcdDiscovery/Readiness/FailuresToLeave")]
    [InlineData("""{ "ServerAddresses": { "Network": "10.0.0.0/8" } }""", "/EtcdDiscovery/ServerAddresses/Network")]
    public void Settings_Invalid_AreRefusedAtTheirPlace(string section, string place) =>
        Assert.Contains(place, FindErrors($$"""{ "EtcdDiscovery": {{section}} }"""));

    /// <summary>The places that the schema of either package refuses, as editors check both.</summary>
    private static List<string> FindErrors(string json)
    {
        var settings = JsonDocument.Parse(json).RootElement;
        return [.. new[] { Core, AspNetCore }
            .Select(file => JsonSchema.FromText(Repository.Read(file), Draft))
            .Select(schema => schema.Evaluate(settings, new EvaluationOptions { OutputFormat = OutputFormat.List }))
            .Where(result => !result.IsValid)
            .SelectMany(result => result.Details ?? [])
            .Where(detail => detail.Errors is { Count: > 0 })
            .Select(detail => detail.InstanceLocation.ToString())];
    }

    private static string Generate(string file)
    {
        var categories = typeof(LogCategories).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!)
            .ToLookup(category => category == LogCategories.AspNetCore);
        if (file == AspNetCore)
        {
            return ConfigurationSchema.Of(
                ConfigurationSchema.Open(
                    ConfigurationSchema.Property("ServerAddresses", ConfigurationSchema.Closed(new ServerAddressOptions())),
                    ConfigurationSchema.Property("Readiness", ConfigurationSchema.Closed(new ReadinessOptions()))),
                categories[true]);
        }

        var options = new EtcdDiscoveryOptions();
        new GoEnvironment(_ => null).PostConfigure(null, options);
        return ConfigurationSchema.Of(
            ConfigurationSchema.Open(
                ConfigurationSchema.PropertiesOf(options).Concat(ConfigurationSchema.PropertiesOf(new EtcdDiscoverySettings()))),
            categories[false].Prepend("EtcdDiscovery"));
    }
}
