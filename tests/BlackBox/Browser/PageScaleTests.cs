using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EtcdDiscovery.BlackBox.Browser;

/// <summary>The discovery page of a process that watches 1,000 services of 100 instances each.</summary>
public sealed class PageScaleTests(Chromium browser) : IClassFixture<Chromium>
{
    private const int Services = 1_000;
    private const int Instances = 100;
    private const int ChangesPerSecond = 1_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_WithManyServicesAndChanges_PaintsWithinASecondAndDoesNotFreeze()
    {
        browser.SkipIfMissing();
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await Parallel.ForAsync(0, Services, Token, async (service, _) => await PutAsync(
            server, Enumerable.Range(0, Instances).Select(instance => (service, instance)), "z0"));
        await using var web = await PageApplication.StartAsync(server.Endpoint);
        await Parallel.ForAsync(0, Services, Token, async (service, token) => await web.Services.InstancesAsync(NameOf(service), token));

        var page = await browser.OpenAsync($"{web.Urls.Single()}/discovery");
        await Expect(page.Locator("#more")).ToContainTextAsync("500 more");
        await page.GetByRole(AriaRole.Button, new() { Name = NameOf(7) }).ClickAsync();
        await Expect(page.Locator("#instances tbody tr")).ToHaveCountAsync(Instances);
        await page.EvaluateAsync(
            """
            () => {
              window.longest = 0;
              let last = performance.now();
              const measure = now => { window.longest = Math.max(window.longest, now - last); last = now; requestAnimationFrame(measure); };
              requestAnimationFrame(measure);
            }
            """);
        await ChangeAsync(server, TimeSpan.FromSeconds(5));
        await PutAsync(server, [(7, 0)], "the-end");
        await Expect(page.Locator("#instances")).ToContainTextAsync("the-end");

        var paint = await page.EvaluateAsync<double>("performance.getEntriesByName('first-contentful-paint')[0].startTime");
        var longestFrame = await page.EvaluateAsync<double>("window.longest");
        TestContext.Current.SendDiagnosticMessage($"First paint after {paint:0} ms; longest frame {longestFrame:0} ms.");
        Assert.InRange(paint, 0, 1_000);
        Assert.InRange(longestFrame, 0, 1_000);
    }

    private static string NameOf(int service) => string.Create(CultureInfo.InvariantCulture, $"service-{service:0000}");

    // Each change concerns another service, and one in ten the one that is shown.
    private static async Task ChangeAsync(EtcdServer server, TimeSpan time)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var round = 0; round < time.TotalMilliseconds / 100; round++)
        {
            await timer.WaitForNextTickAsync(Token);
            var zone = string.Create(CultureInfo.InvariantCulture, $"z{round + 1}");
            await PutAsync(
                server,
                Enumerable.Range(0, ChangesPerSecond / 10).Select(i => (i % 10 == 0 ? 7 : ((round * 100) + i) % Services, (round + i) % Instances)).Distinct(),
                zone);
        }
    }

    /// <summary>Puts instances in one transaction.</summary>
    private static async Task PutAsync(EtcdServer server, IEnumerable<(int Service, int Instance)> instances, string zone)
    {
        var puts = instances.Select(put => (JsonNode)new JsonObject
        {
            ["request_put"] = new JsonObject
            {
                ["key"] = Encode(string.Create(CultureInfo.InvariantCulture, $"/services/{NameOf(put.Service)}/instance-{put.Instance}")),
                ["value"] = Encode($$$"""{"name":"10.0.0.1","ports":{"http":"8080"},"service_name":"{{{NameOf(put.Service)}}}","zone":"{{{zone}}}"}"""),
            },
        });
        await server.PostAsync("/v3/kv/txn", new() { ["success"] = new JsonArray([.. puts]) });
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
