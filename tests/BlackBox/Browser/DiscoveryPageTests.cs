using System.Collections.Concurrent;
using Deque.AxeCore.Playwright;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EtcdDiscovery.BlackBox.Browser;

/// <summary>The discovery page in a real browser, on real etcd.</summary>
/// <remarks>SCREENSHOTS names a folder for pictures of the page: light, dark, and at the width of a phone.</remarks>
public sealed class DiscoveryPageTests(SharedEtcd etcd, Chromium browser) : IClassFixture<Chromium>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Instance_ThatRegistersPausesAndLeaves_IsShownAtOnce()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("catalog");
        await using var web = await PageApplication.StartAsync(server.Endpoint);
        await using var other = await App.StartAsync(Product.Settings(server.Endpoint));
        await web.Services.InstancesAsync(service, Token);
        var page = await browser.OpenAsync(Url(web));
        await Expect(page.Locator("#connection")).ToHaveTextAsync("Live");

        var registration = other.Services.Register(new Registering(service) { Hostname = "10.0.0.7", Ports = new Dictionary<string, string> { ["http"] = "8080" } });
        await Expect(Cell(page, service, 1)).ToHaveTextAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = service }).ClickAsync();
        await Expect(page.Locator("#instances")).ToContainTextAsync("10.0.0.7 http=8080");
        await Expect(page.Locator("#timeline")).ToContainTextAsync($"InstanceUp · {service}");

        await registration.PauseAsync("repairs", Token);
        await Expect(Cell(page, service, 1)).ToHaveTextAsync("0");
        await Expect(page.Locator("#instances")).ToContainTextAsync("Maintenance: repairs");
        await Expect(page.Locator("#instances")).ToContainTextAsync("no: its status is maintenance (repairs)");

        await registration.DisposeAsync();
        await Expect(page.Locator("#detail-summary")).ToContainTextAsync("0 instances");
    }

    [Fact]
    public async Task Page_UsedByKeyboardOnly_FiltersSortsAndShowsAService()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("keyboard");
        await using var web = await PageApplication.StartAsync(server.Endpoint, service);
        var page = await browser.OpenAsync(Url(web));
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = service })).ToBeVisibleAsync();

        await TabToAsync(page, "filter");
        await page.Keyboard.TypeAsync(service);
        await TabToAsync(page, "Serving");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("th", new() { HasText = "Serving" })).ToHaveAttributeAsync("aria-sort", "ascending");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("th", new() { HasText = "Serving" })).ToHaveAttributeAsync("aria-sort", "descending");
        await TabToAsync(page, service);
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("#detail-title")).ToBeFocusedAsync();
        await Expect(page.Locator("#detail-title")).ToHaveTextAsync(service);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1100)]
    [InlineData(ColorScheme.Dark, 1100)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task Page_CheckedByAxe_HasNoViolations(ColorScheme scheme, int width)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var web = await PageApplication.StartAsync(server.Endpoint, "storefront");
        foreach (var service in new[] { "catalog", "orders", "prices", "search", "stock", "users" })
        {
            await server.PutAsync($"/services/{service}/1b159864-node-1", Instance(service, 1));
            await server.PutAsync($"/services/{service}/2f67e506-node-2", Instance(service, 2));
            await server.PutAsync($"/services/{service}/49a9fe38-node-3", Instance(service, 3, """, "status": "maintenance", "status_reason": "rebuilding the index" """));
            await web.Services.InstancesAsync(service, Token);
        }

        var page = await browser.OpenAsync(Url(web), scheme, width);
        await page.GetByRole(AriaRole.Button, new() { Name = "catalog" }).ClickAsync();
        await Expect(page.Locator("#instances")).ToContainTextAsync("rebuilding the index");

        var result = await page.RunAxe();

        Assert.Empty(result.Violations.Select(violation => $"{violation.Id}: {violation.Help} ({string.Join("; ", violation.Nodes.Select(node => node.Html))})"));
        // Nothing is wider than the window.
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"));
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"discovery-page-{scheme}-{width}.png"), FullPage = true });
        }
    }

    [Fact]
    public async Task Names_ThatAreMarkup_AreShownAsText()
    {
        const string Markup = "<img src=x onerror=alert(1)>";
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var web = await PageApplication.StartAsync(server.Endpoint);
        await using var other = await App.StartAsync(Product.Settings(server.Endpoint));
        var service = UniqueName.Of(Markup);
        var registration = other.Services.Register(new Registering(service) { Hostname = "10.0.0.7", Ports = new Dictionary<string, string> { ["</td><script>alert(2)</script>"] = "80" } });
        await registration.RegisteredAsync(Token);
        await web.Services.InstancesAsync(service, Token);
        var page = await browser.OpenAsync("about:blank");
        var complaints = new ConcurrentQueue<string>();
        page.Console += (_, message) => complaints.Enqueue(message.Text);
        page.PageError += (_, message) => complaints.Enqueue(message);
        page.Dialog += async (_, dialog) =>
        {
            complaints.Enqueue($"dialog {dialog.Message}");
            await dialog.DismissAsync();
        };

        await page.GotoAsync(Url(web));
        await page.GetByRole(AriaRole.Button, new() { Name = service }).ClickAsync();

        await Expect(page.Locator("#instances")).ToContainTextAsync("<script>alert(2)</script>=80");
        Assert.Equal(0, await page.Locator("img").CountAsync());
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task Page_WhoseServerRestarts_ReconnectsByItself()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("catalog");
        string url;
        IPage page;
        await using (var web = await PageApplication.StartAsync(server.Endpoint, service))
        {
            url = web.Urls.Single();
            page = await browser.OpenAsync(Url(web));
            await Expect(page.Locator("#connection")).ToHaveTextAsync("Live");
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await web.StopAsync(now.Token);
        }

        await Expect(page.Locator("#connection")).ToContainTextAsync("reconnecting");
        await using var next = await PageApplication.StartAsync(server.Endpoint, service, url);
        await Expect(page.Locator("#connection")).ToHaveTextAsync("Live", new() { Timeout = 20_000 });
        await Expect(Cell(page, service, 1)).ToHaveTextAsync("1");
    }

    private static string Instance(string service, int number, string more = "") =>
        $$$"""{ "name": "10.0.0.{{{number}}}", "ports": { "http": "80", "grpc": "81" }, "service_name": "{{{service}}}", "zone": "eu-{{{number}}}"{{{more}}} }""";

    private static string Url(WebApplication web) => $"{web.Urls.Single()}/discovery";

    private static ILocator Cell(IPage page, string service, int column) =>
        page.Locator("#services tbody tr", new() { HasText = service }).Locator("td").Nth(column);

    private static async Task TabToAsync(IPage page, string idOrText)
    {
        for (var presses = 0; presses < 100; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("wanted => document.activeElement.id === wanted || document.activeElement.textContent === wanted", idOrText))
            {
                return;
            }
        }

        Assert.Fail($"The Tab key does not reach '{idOrText}'.");
    }
}
