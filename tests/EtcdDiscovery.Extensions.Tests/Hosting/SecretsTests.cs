using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>
/// Runs a host through its whole lifecycle with secrets in all settings: none appears in a log, an error, a trace, a metric or a health report.
/// </summary>
public sealed class SecretsTests : IDisposable
{
    private const string Mark = "s3cret-mark";

    private readonly TestAuthority _authority = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(EtcdVersion.First, "Etcd")]
    [InlineData(EtcdVersion.Second, "Etcd")]
    [InlineData(EtcdVersion.First, "EtcdV2")]
    public async Task Secrets_OfEveryKind_AreNeverReported(EtcdVersion version, string store)
    {
        using var telemetry = new TelemetryCapture();
        await using var web = await WebInstance.StartAsync(_ => Task.CompletedTask);
        var client = _authority.Issue("client");
        var keyBody = client.KeyPem.Split('\n')[1];
        await using var server = await _authority.StartEtcdAsync(SharedEtcd.For(store, version));
        if (store == "Etcd")
        {
            await ProtectAsync(server);
        }

        Dictionary<string, string?> settings = new()
        {
            ["Store"] = store,
            ["Etcd:Endpoints:0"] = server.Endpoint,
            ["Etcd:User"] = "discovery",
            ["Etcd:Password"] = Mark + "-etcd",
            ["Etcd:Tls:CertificateAuthority"] = _authority.Pem,
            ["Etcd:Tls:Certificate"] = client.CertificatePem,
            ["Etcd:Tls:Key"] = client.KeyPem,
            ["Service:Name"] = "shop",
            ["Service:Hostname"] = "127.0.0.1",
            ["Service:Ports:http"] = $"{web.Port}",
            ["Service:Public"] = "true",
            ["Service:User"] = Mark + "-user",
            ["Service:Password"] = Mark + "-password",
        };
        await using var host = await DiscoveryHost.StartAsync(
            settings, builder => builder.Services.AddHttpClient("").AddEtcdDiscovery());
        await host.RegisteredAsync();
        var reported = new List<string?> { await CallAsync(host) };
        foreach (var instance in await host.Resolver.GetInstancesAsync("shop", cancellationToken: Token))
        {
            reported.AddRange([instance.ToString(), Record.Exception(() => instance.GetUri("nope"))?.ToString(), Record.Exception(() => instance.GetUri("http"))?.ToString()]);
        }

        var options = host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value;
        reported.AddRange([$"{options} {options.Etcd} {options.Etcd.Tls} {options.Service}", $"{host.Registration} {host.Registration.Credentials}"]);
        reported.Add(await ReportAsync(host));

        await web.DisposeAsync();
        reported.Add(await CallAsync(host));
        await server.KillAsync();
        await host.WaitForLostRegistrationAsync();
        reported.Add(await ReportAsync(host));
        reported.Add((await Record.ExceptionAsync(async () => await host.Resolver.GetServiceAsync("never-asked", Token)))?.ToString());
        await server.RestartAsync(wipe: false);
        await host.WaitForHealthAsync(HealthStatus.Healthy);

        // Invalidates the settings that contain secrets, at run time and at start.
        host.Change(("Etcd:User", ""), ("Service:User", ""));
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("ChangeRefused").Any()), "the change is refused");
        foreach (var (key, value) in new[] { ("Etcd:User", ""), ("Etcd:Tls:Key", "-----" + Mark), ("Etcd:Tls:Key", client.CertificatePem), ("Etcd:Tls:Certificate", Mark) })
        {
            await using var invalid = DiscoveryHost.Build(new(settings) { [key] = value, ["Etcd:Tls:CertificateAuthority"] = key.Contains("Tls", StringComparison.Ordinal) ? _authority.File : _authority.Pem });
            reported.Add((await Record.ExceptionAsync(invalid.StartAsync))?.ToString().Replace($"'{Mark}'", "the path", StringComparison.Ordinal));
        }

        await host.StopAsync();
        reported.Add(await ReportAsync(host));

        // Also in the form in which headers contain them.
        string[] secrets = [Mark, keyBody, Basic($"{Mark}-user:{Mark}-password"), Basic($"discovery:{Mark}-etcd")];
        Assert.Contains(telemetry.Lines, line => line.Contains("http.client.request.duration", StringComparison.Ordinal));
        Assert.Contains(telemetry.Lines, line => line.Contains("System.Net.Http.HttpRequestOut", StringComparison.Ordinal));
        Assert.All(reported.Concat(host.Logs.Lines.Select(line => line.ToString())).Concat(telemetry.Lines), text =>
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, text ?? "", StringComparison.Ordinal)));
    }

    private static string Basic(string pair) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(pair));

    private static async Task ProtectAsync(EtcdServer server)
    {
        await server.PostAsync("/v3/auth/user/add", new() { ["name"] = "discovery", ["password"] = Mark + "-etcd" });
        await server.PostAsync("/v3/auth/user/add", new() { ["name"] = "root", ["password"] = "r" });
        await server.PostAsync("/v3/auth/role/add", new() { ["name"] = "root" });
        await server.PostAsync("/v3/auth/user/grant", new() { ["user"] = "root", ["role"] = "root" });
        await server.PostAsync("/v3/auth/user/grant", new() { ["user"] = "discovery", ["role"] = "root" });
        await server.PutAllAsync([
            ("/services/shop/bad", $"{{\"password\":\"{Mark}\""),
            ("/services/shop/odd", $$"""{"name":"h@st","ports":{"http":"80"},"user":"{{Mark}}","password":"{{Mark}}"}""")]);
        await server.PostAsync("/v3/auth/enable", []);
    }

    // Returns responses and errors as text; other tests cover which of them are expected.
    private static async Task<string?> CallAsync(DiscoveryHost host)
    {
        var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        string? reported = null;
        for (var i = 0; i < 5; i++)
        {
            reported += await Record.ExceptionAsync(async () => reported += await client.GetAsync(new Uri("http://shop/items"), Token));
        }

        return reported;
    }

    private static async Task<string> ReportAsync(DiscoveryHost host)
    {
        var entry = await host.CheckAsync();
        return $"{entry.Description} {entry.Exception} {System.Text.Json.JsonSerializer.Serialize(entry.Data)}";
    }
}
