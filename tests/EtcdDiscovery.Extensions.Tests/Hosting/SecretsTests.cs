using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>A whole life with a secret in every place that takes one: none of them reaches a log, an error or a health report.</summary>
public sealed class SecretsTests : IDisposable
{
    private const string Mark = "s3cret-mark";

    private readonly TestAuthority _authority = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Secrets_OfEveryKind_AreNeverTold(EtcdVersion version)
    {
        var client = _authority.Issue("client");
        var keyBody = client.KeyPem.Split('\n')[1];
        await using var server = await _authority.StartEtcdAsync(version);
        await server.PostAsync("/v3/auth/user/add", new() { ["name"] = "discovery", ["password"] = Mark + "-etcd" });
        await server.PostAsync("/v3/auth/user/add", new() { ["name"] = "root", ["password"] = "r" });
        await server.PostAsync("/v3/auth/role/add", new() { ["name"] = "root" });
        await server.PostAsync("/v3/auth/user/grant", new() { ["user"] = "root", ["role"] = "root" });
        await server.PostAsync("/v3/auth/user/grant", new() { ["user"] = "discovery", ["role"] = "root" });
        await server.PutAllAsync([
            ("/services/shop/bad", $"{{\"password\":\"{Mark}\""),
            ("/services/shop/odd", $$"""{"name":"h@st","ports":{"http":"80"},"user":"{{Mark}}","password":"{{Mark}}"}""")]);
        await server.PostAsync("/v3/auth/enable", []);
        Dictionary<string, string?> settings = new()
        {
            ["Etcd:Endpoints:0"] = server.Endpoint,
            ["Etcd:User"] = "discovery",
            ["Etcd:Password"] = Mark + "-etcd",
            ["Etcd:Tls:CertificateAuthority"] = _authority.Pem,
            ["Etcd:Tls:Certificate"] = client.CertificatePem,
            ["Etcd:Tls:Key"] = client.KeyPem,
            ["Service:Name"] = "shop",
            ["Service:Hostname"] = "h.dev",
            ["Service:Ports:http"] = "80",
            ["Service:Public"] = "true",
            ["Service:User"] = Mark + "-user",
            ["Service:Password"] = Mark + "-password",
        };
        await using var host = await DiscoveryHost.RegisterAsync(settings);
        var said = new List<string?>();
        foreach (var instance in await host.Resolver.GetInstancesAsync("shop", cancellationToken: Token))
        {
            said.AddRange([instance.ToString(), Record.Exception(() => instance.GetUri("nope"))?.ToString(), Record.Exception(() => instance.GetUri("http"))?.ToString()]);
        }

        var options = host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value;
        said.AddRange([$"{options} {options.Etcd} {options.Etcd.Tls} {options.Service}", $"{host.Registration} {host.Registration.Credentials}"]);
        said.Add(await ReportAsync(host));

        await server.KillAsync();
        await host.BecomesAsync(HealthStatus.Unhealthy);
        said.Add(await ReportAsync(host));
        said.Add((await Record.ExceptionAsync(async () => await host.Resolver.GetServiceAsync("never-asked", Token)))?.ToString());
        await server.RestartAsync(wipe: false);
        await host.BecomesAsync(HealthStatus.Healthy);

        // Every setting that takes a secret becomes wrong, while it runs and at a start.
        host.Change(("Etcd:User", ""), ("Service:User", ""));
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("ChangeRefused").Any()), "the change is refused");
        foreach (var (key, value) in new[] { ("Etcd:User", ""), ("Etcd:Tls:Key", "-----" + Mark), ("Etcd:Tls:Key", client.CertificatePem), ("Etcd:Tls:Certificate", Mark) })
        {
            await using var wrong = DiscoveryHost.Build(new(settings) { [key] = value, ["Etcd:Tls:CertificateAuthority"] = key.Contains("Tls", StringComparison.Ordinal) ? _authority.File : _authority.Pem });
            said.Add((await Record.ExceptionAsync(wrong.StartAsync))?.ToString().Replace($"'{Mark}'", "the path", StringComparison.Ordinal));
        }

        await host.StopAsync();
        said.Add(await ReportAsync(host));

        Assert.All(said.Concat(host.Logs.Lines.Select(line => line.ToString())), text =>
        {
            Assert.DoesNotContain(Mark, text ?? "", StringComparison.Ordinal);
            Assert.DoesNotContain(keyBody, text ?? "", StringComparison.Ordinal);
        });
    }

    private static async Task<string> ReportAsync(DiscoveryHost host)
    {
        var entry = await host.CheckAsync();
        return $"{entry.Description} {entry.Exception} {System.Text.Json.JsonSerializer.Serialize(entry.Data)}";
    }
}
