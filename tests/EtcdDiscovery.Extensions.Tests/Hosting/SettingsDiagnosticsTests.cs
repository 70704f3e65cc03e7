using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Warnings about configuration keys that have no effect.</summary>
public sealed class SettingsDiagnosticsTests
{
    [Theory]
    [InlineData("Servce:Name", "EtcdDiscovery:Servce", "Service")]
    [InlineData("TimeToLve", "EtcdDiscovery:TimeToLve", "TimeToLive")]
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

    private static Task<DiscoveryHost> StartAsync(Dictionary<string, string?> settings) => DiscoveryHost.StartAsync(
        new(settings) { ["Service:Name"] = "shop", ["Services:admin:Name"] = "admin" },
        builder => builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin").UseInMemoryStore());
}
