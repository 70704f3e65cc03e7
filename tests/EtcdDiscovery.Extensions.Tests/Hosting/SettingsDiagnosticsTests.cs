using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Warnings about configuration keys that have no effect.</summary>
public sealed class SettingsDiagnosticsTests
{
    [Theory]
    [InlineData("Servce:Name", "EtcdDiscovery:Servce", "Service")]
    [InlineData("TimeToLve", "EtcdDiscovery:TimeToLve", "TimeToLive")]
    [InlineData("DisableMetric", "EtcdDiscovery:DisableMetric", "DisableMetrics")]
    [InlineData("Etcd:EndPoint", "EtcdDiscovery:Etcd:EndPoint", "Endpoints")]
    [InlineData("Etcd:Tls:Cert", "EtcdDiscovery:Etcd:Tls:Cert", "Certificate")]
    [InlineData("Service:Nam", "EtcdDiscovery:Service:Nam", "Name")]
    [InlineData("Service:Ports", "EtcdDiscovery:Service:Ports", "keys below it, such as Ports:http")]
    [InlineData("Services:admin:Hots", "EtcdDiscovery:Services:admin:Hots", "Hostname")]
    public async Task Setting_Unknown_IsReportedWithKnownNames(string setting, string key, string hint)
    {
        await using var host = await StartAsync(new() { [setting] = "80" });

        var line = Assert.Single(host.Logs.Of("UnknownSetting"));
        Assert.StartsWith($"{key} is not a setting", line.Message, StringComparison.Ordinal);
        Assert.Contains(hint, line.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_Known_AreNotReported()
    {
        await using var host = await StartAsync(new()
        {
            ["timetolive"] = "00:00:05",
            ["DisableHealthChecks"] = "true",
            ["DisableMetrics"] = "true",
            ["DisableTracing"] = "true",
            ["Etcd:Endpoints:0"] = "http://127.0.0.1:1",
            ["Etcd:Tls:ServerName"] = "",
            ["Service:Ports:http"] = "80",
            ["Service:Metadata:anything"] = "80",
            ["Services:admin:Zone"] = "z",
            ["Readiness:Period"] = "00:00:01",
            ["ServerAddresses:PreferredNetwork"] = "10.0.0.0/8",
        });

        Assert.Empty(host.Logs.Of("UnknownSetting"));
    }

    [Fact]
    public async Task Endpoints_CommaSeparated_AreSplit()
    {
        await using var host = await StartAsync(new() { ["Etcd:Endpoints"] = "http://a:2379, b:2379" });

        Assert.Equal(["http://a:2379", "b:2379"], host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value.Etcd.Endpoints);
        Assert.Empty(host.Logs.Of("UnknownSetting"));
    }

    [Theory]
    [InlineData("list", "text", "text")]
    [InlineData("text", "list", "list")]
    [InlineData("text", "text", "text")]
    public async Task Endpoints_AsTextAndAsList_AreThoseOfTheLaterSource(string earlier, string later, string expected)
    {
        await using var host = await DiscoveryHost.StartAsync([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(EndpointsAs(earlier, "http://earlier:1", "http://earlier:2"));
            builder.Configuration.AddInMemoryCollection(EndpointsAs(later, $"http://{expected}:1"));
            builder.Services.AddEtcdDiscovery().UseInMemoryStore();
        });

        var endpoints = host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value.Etcd.Endpoints;

        Assert.Equal([$"http://{expected}:1"], endpoints);
        Assert.Empty(host.Logs.Of("MixedEndpoints"));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    public async Task Endpoints_ListsOfTwoSourcesAreMixed_LogsAWarningThatNamesThem(int count, bool isMixed)
    {
        await using var host = await DiscoveryHost.StartAsync([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(EndpointsAs("list", "http://earlier:1", "http://earlier:2"));
            builder.Configuration.AddCommandLine([.. Enumerable.Range(0, count).Select(i => $"EtcdDiscovery:Etcd:Endpoints:{i}=http://later:{i + 1}")]);
            builder.Services.AddEtcdDiscovery().UseInMemoryStore();
        });

        Assert.Equal(isMixed, host.Logs.Of("MixedEndpoints").Any());
        if (isMixed)
        {
            Assert.Contains(
                ": 0 from CommandLineConfigurationProvider; 1 from MemoryConfigurationProvider. ",
                Assert.Single(host.Logs.Of("MixedEndpoints")).Message,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("EtcdDiscovry:Service:Name", "EtcdDiscovry")]
    [InlineData("ServiceDiscovery:Name", "ServiceDiscovery")]
    [InlineData("EtcdDiscovery:Enabled", null)]
    [InlineData("ETCD_HOSTS", null)]
    [InlineData("Logging:LogLevel", null)]
    public async Task Section_LooksLikeOurs_IsSaidNotToBeRead(string key, string? said)
    {
        await using var host = await DiscoveryHost.StartAsync([], builder =>
        {
            builder.Configuration.AddInMemoryCollection([new(key, "true")]);
            builder.Services.AddEtcdDiscovery().UseInMemoryStore();
        });

        var line = host.Logs.Of("SectionNotRead").SingleOrDefault();
        Assert.Equal(said is null, line is null);
        Assert.Contains(said ?? "", line?.Message ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ConnectionStrings:other", true)]
    [InlineData("ConnectionStrings:etcd", false)]
    [InlineData("EtcdDiscovery:Etcd:Endpoints:0", false)]
    public async Task ConnectionString_NotSet_LogsAWarning(string key, bool isWarned)
    {
        await using var host = await DiscoveryHost.StartAsync([], builder =>
        {
            builder.Configuration.AddInMemoryCollection([new(key, "http://127.0.0.1:1")]);
            builder.AddEtcdDiscovery("etcd");
        });

        Assert.Equal(isWarned, host.Logs.Of("NoConnectionString").Any());
    }

    [Theory]
    [InlineData("ETCD_CACERT ETCD_TLS_CERT", "ETCD_TLS_KEY is not set")]
    [InlineData("ETCD_TLS_KEY", "ETCD_CACERT, ETCD_TLS_CERT is not set")]
    [InlineData("", null)]
    public async Task TlsVariables_Incomplete_AreReportedAsIgnored(string set, string? expected)
    {
        var environment = set.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(name => name, _ => "x");
        await using var host = await DiscoveryHost.StartAsync([], builder => builder.Services.AddEtcdDiscovery().UseInMemoryStore(), environment);

        var line = host.Logs.Of("IncompleteTls").SingleOrDefault();
        Assert.Equal(expected is null, line is null);
        Assert.StartsWith(expected ?? "", line?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_Registered_LogsHostnameAndPorts()
    {
        await using var host = await StartAsync(new() { ["Service:Hostname"] = "h.dev", ["Service:Ports:http"] = "80", ["Service:Ports:grpc"] = "81" });

        await Eventually.TrueAsync(
            () => Task.FromResult(host.Logs.Of("Registered").Any(line => line.Message.Contains(" at h.dev (grpc=81 http=80); ", StringComparison.Ordinal))),
            "the hostname and the ports are logged");
    }

    private static IEnumerable<KeyValuePair<string, string?>> EndpointsAs(string form, params string[] endpoints) => form == "text"
        ? [new("EtcdDiscovery:Etcd:Endpoints", string.Join(',', endpoints))]
        : endpoints.Select((endpoint, i) => KeyValuePair.Create<string, string?>($"EtcdDiscovery:Etcd:Endpoints:{i}", endpoint));

    private static Task<DiscoveryHost> StartAsync(Dictionary<string, string?> settings) => DiscoveryHost.StartAsync(
        new(settings) { ["Service:Name"] = "shop", ["Services:admin:Name"] = "admin" },
        builder => builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin").UseInMemoryStore());
}
