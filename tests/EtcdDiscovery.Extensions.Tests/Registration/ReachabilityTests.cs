using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Warnings for instances that clients cannot reach.</summary>
public sealed class ReachabilityTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Hostname=10.0.0.7", "NoPorts", "EtcdDiscovery:Service:Ports")]
    [InlineData("Ports:http=80 Public=true", "NoHostname", "EtcdDiscovery:Service:Hostname")]
    [InlineData("Ports:http=80 Public=true Hostname=localhost", "LoopbackHost", "its host is localhost")]
    [InlineData("Ports:http=80 Public=true Hostname=127.0.0.1", "LoopbackHost", "its host is 127.0.0.1")]
    [InlineData("Ports:http=80 HOSTNAME=4f2a9c1b3d77", "GeneratedHost", "4f2a9c1b3d77, which is the id of a container")]
    [InlineData("Ports:http=80 HOSTNAME=shop-7d9f KUBERNETES_SERVICE_HOST=10.96.0.1", "GeneratedHost", "because EtcdDiscovery:Service:Hostname is not set")]
    [InlineData("Ports:http=80 Public=true Hostname=10.0.0.7 HOSTNAME=4f2a9c1b3d77", "GeneratedHost", "because EtcdDiscovery:Service:PrivateHostname is not set")]
    [InlineData("Ports:http=80 Hostname=nowhere.invalid", "UnresolvableHost", "nowhere.invalid, but this machine cannot resolve that name")]
    [InlineData("Ports:http=80 Public=true Hostname=nowhere.invalid", "UnresolvableHost", "Set EtcdDiscovery:Service:Hostname")]
    [InlineData("Ports:http=80 Hostname=10.0.0.7 PrivateHostname=nowhere.invalid", "UnresolvableHost", "nowhere.invalid")]
    [InlineData("Ports:http=80 Hostname=10.0.0.7", null, "")]
    [InlineData("Ports:http=80 Hostname=localhost", null, "")]
    [InlineData("Ports:http=80", null, "")]
    [InlineData("Ports:http=80 HOSTNAME=shop-0.shop KUBERNETES_SERVICE_HOST=10.96.0.1", null, "")]
    [InlineData("Hostname=10.0.0.7 WarnIfUnreachable=false", null, "")]
    public async Task Instance_ThatClientsCannotReach_LogsOneWarning(string settings, string? warning, string said)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var pairs = settings.Split(' ').Select(pair => pair.Split('=')).ToLookup(pair => pair[0].All(c => char.IsUpper(c) || c == '_'), pair => KeyValuePair.Create(pair[0], pair[1]));
        var all = server.Settings(_service);
        foreach (var (key, value) in pairs[false])
        {
            all[$"Service:{key}"] = value;
        }

        await using var host = await DiscoveryHost.StartAsync(all, AnswerForDns, new(pairs[true]));
        var registration = await host.RegisteredAsync();
        // A change of the registration does not repeat the warning.
        await registration.SetStatusAsync(ServiceStatus.Maintenance, null, Token);
        host.Change(("Service:Zone", "z"));
        await Eventually.TrueAsync(() => Task.FromResult(warning is null || host.Logs.Of(warning).Any()), $"{warning} is logged");
        // Waits for the DNS lookups.
        await host.DisposeAsync();

        var line = host.Logs.Lines.Where(line => line.Level >= LogLevel.Warning).ToList();
        Assert.Equal(warning is null ? [] : [warning], line.Select(line => line.EventName));
        Assert.All(line, line => Assert.Contains(said, line.Message, StringComparison.Ordinal));
        Assert.All(line, line => Assert.Contains("set the service's WarnIfUnreachable to false", line.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Registration_WhileDnsHangs_IsNotDelayed()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(
            new(server.Settings(_service)) { ["Service:Hostname"] = "nowhere.invalid", ["Service:Ports:http"] = "80" },
            builder => Answer(builder.Services, async (_, token) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return [];
            }));

        await host.RegisteredAsync();
        await host.StopAsync();
    }

    [Fact]
    public async Task Hostname_OfTheEnvironmentThatIsNoHostName_IsIgnoredWithAWarning()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(
            new(server.Settings(_service)) { ["Service:Ports:http"] = "80" }, environment: new() { ["HOSTNAME"] = "my host" });

        await host.RegisteredAsync();

        Assert.Contains("HOSTNAME is 'my host', which contains the character U+0020", Assert.Single(host.Logs.Of("HostnameIgnored")).Message, StringComparison.Ordinal);
        Assert.Equal(Environment.MachineName, host.Registration.Instance.PrivateHostname);
    }

    private static void AnswerForDns(Microsoft.Extensions.Hosting.IHostApplicationBuilder builder) => Answer(
        builder.Services,
        (name, _) => name.EndsWith(".invalid", StringComparison.Ordinal)
            ? Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound))
            : Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.7")]));

    private static void Answer(IServiceCollection services, Func<string, CancellationToken, Task<IPAddress[]>> answer) =>
        services.AddSingleton(provider => new ReachabilityCheck(
            provider.GetRequiredService<EtcdDiscovery.Hosting.GoEnvironment>().Variable,
            answer,
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("EtcdDiscovery.Registration")));
}
