using System.Collections;
using System.Text;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.BlackBox;

/// <summary>
/// Sets a secret in every place that accepts one, and checks that none of them gets into a log, an error, a trace, a metric or a
/// health report in the lifetime of an application.
/// </summary>
public sealed class TrustTests : IDisposable
{
    private const string Mark = "s3cret-mark";

    private readonly TestAuthority _authority = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Secrets_OfEveryKind_AreNeverReported(EtcdVersion version, string store)
    {
        using var telemetry = new TelemetryCapture();
        await using var web = await WebInstance.StartAsync("here");
        var client = _authority.Issue("client");
        await using var server = await _authority.StartEtcdAsync(SharedEtcd.For(store, version));
        if (store == StoreName.V3)
        {
            await ProtectAsync(server);
        }

        Dictionary<string, string?> settings = new(Product.Settings(server.Endpoint, "shop", "http", web.Port))
        {
            [Setting.Store] = store,
            [Setting.TimeToLive] = "00:00:02",
            [Setting.EtcdUser] = "discovery",
            [Setting.EtcdPassword] = Mark + "-etcd",
            [Setting.CertificateAuthority] = _authority.Pem,
            [Setting.Certificate] = client.CertificatePem,
            [Setting.CertificateKey] = client.KeyPem,
            [Setting.Public] = "true",
            [Setting.User] = Mark + "-user",
            [Setting.Password] = Mark + "-password",
        };
        await using var app = await App.StartAsync(settings, builder => builder.Services.AddHttpClient("").AddDiscovery());
        await app.RegisteredAsync();
        Assert.Equal(new Login(Mark + "-user", Mark + "-password"), app.Registration.Credentials);
        var said = new List<string?> { await CallAsync(app), await app.Services.PrintAsync("shop", Token), await ReportAsync(app) };
        foreach (var scheme in new[] { "nope", "" })
        {
            said.Add((await Record.ExceptionAsync(() => app.Services.UriAsync("never asked", scheme, "", null, Token)))?.ToString());
            said.Add(await app.Services.UriAsync("shop", "nope", "", null, Token));
        }

        await web.DisposeAsync();
        said.Add(await CallAsync(app));
        await server.KillAsync();
        await Eventually.TrueAsync(() => Task.FromResult(!app.Registration.IsRegistered), "the loss is reported");
        said.AddRange([await ReportAsync(app), await app.Services.UriAsync("never-asked", "http", "", null, Token)]);
        await server.RestartAsync(wipe: false);
        await Eventually.TrueAsync(() => Task.FromResult(app.Registration.IsRegistered), "it is registered again");
        said.Add(await ReportAsync(app));

        // Settings with secrets become wrong, at run time and at start.
        app.Change((Setting.EtcdUser, ""), (Setting.User, ""));
        foreach (var (key, value) in new[] { (Setting.EtcdUser, ""), (Setting.CertificateKey, "-----" + Mark), (Setting.CertificateKey, client.CertificatePem) })
        {
            await using var wrong = App.Build(new Dictionary<string, string?>(settings) { [key] = value });
            var error = await Record.ExceptionAsync(wrong.StartAsync);
            Assert.NotNull(error);
            said.Add(error.ToString());
        }

        await app.StopAsync();
        said.Add(await ReportAsync(app));

        // The form in which HTTP headers contain passwords.
        string[] secrets = [Mark, client.KeyPem.Split('\n')[1], Basic($"{Mark}-user:{Mark}-password"), Basic($"discovery:{Mark}-etcd")];
        Assert.NotEmpty(telemetry.Lines);
        Assert.NotEmpty(app.Logs.Lines);
        Assert.All(said.Concat(app.Logs.Lines.Select(line => line.ToString())).Concat(telemetry.Lines), text =>
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, text ?? "", StringComparison.Ordinal)));
    }

    private static string Basic(string pair) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));

    private static async Task ProtectAsync(EtcdServer server)
    {
        await server.PutAllAsync([
            ("/services/shop/bad", $"{{\"password\":\"{Mark}\""),
            ("/services/shop/odd", $$"""{"name":"h@st","ports":{"http":"80"},"user":"{{Mark}}","password":"{{Mark}}"}""")]);
        foreach (var (path, request) in new (string, JsonObject)[]
        {
            ("user/add", new() { ["name"] = "discovery", ["password"] = Mark + "-etcd" }),
            ("user/add", new() { ["name"] = "root", ["password"] = "r" }),
            ("role/add", new() { ["name"] = "root" }),
            ("user/grant", new() { ["user"] = "root", ["role"] = "root" }),
            ("user/grant", new() { ["user"] = "discovery", ["role"] = "root" }),
            ("enable", []),
        })
        {
            await server.PostAsync("/v3/auth/" + path, request);
        }
    }

    // The result does not matter, only what is reported about it.
    private static async Task<string?> CallAsync(App app)
    {
        using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        string? said = null;
        for (var i = 0; i < 5; i++)
        {
            said += await Record.ExceptionAsync(async () => said += await client.GetAsync(new Uri("http://shop/items"), Token));
        }

        return said;
    }

    private static async Task<string> ReportAsync(App app)
    {
        var entry = await app.CheckAsync();
        return $"{entry.Description} {entry.Exception} {string.Join(' ', entry.Data.Select(pair => $"{pair.Key}={Text(pair.Value)}"))}";
    }

    private static string Text(object value) =>
        value is IEnumerable items and not string ? string.Join(' ', items.Cast<object>()) : $"{value}";
}
