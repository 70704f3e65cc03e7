using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.AspNetCore;

/// <summary>The discovery page and its JSON endpoints, over HTTP on Kestrel.</summary>
public sealed class DiscoveryPageTests
{
    private const string Secret = "pass-word-1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/discovery", "text/html; charset=utf-8")]
    [InlineData("/discovery/", "text/html; charset=utf-8")]
    [InlineData("/discovery/page.js", "text/javascript; charset=utf-8")]
    [InlineData("/discovery/page.css", "text/css; charset=utf-8")]
    [InlineData("/discovery/services", "application/json; charset=utf-8")]
    public async Task Response_OfEachResource_HasItsContentTypeAndAStrictPolicy(string path, string contentType)
    {
        await using var page = await PageHost.StartAsync();

        using var response = await page.Http.GetAsync(path, Token);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(contentType, response.Content.Headers.ContentType?.ToString());
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task Html_MappedToAPath_RefersToFilesBelowIt()
    {
        await using var page = await PageHost.StartAsync(app => app.MapEtcdDiscovery("/ops/discovery/"));

        var html = await page.Http.GetStringAsync("/ops/discovery", Token);

        Assert.Contains("src=\"/ops/discovery/page.js\"", html, StringComparison.Ordinal);
        Assert.Contains("data-root=\"/ops/discovery\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/discovery")]
    [InlineData("/discovery/services")]
    [InlineData("/discovery/events")]
    public async Task Page_OutsideDevelopmentWithoutAPolicy_IsForbiddenWithTheFix(string path)
    {
        await using var page = await PageHost.StartAsync(environment: "Production");

        using var response = await page.Http.GetAsync(path, Token);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(".RequireAuthorization(…) or .AllowAnonymous()", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_OutsideDevelopmentWithAllowAnonymous_IsServed()
    {
        await using var page = await PageHost.StartAsync(app => app.MapEtcdDiscovery().AllowAnonymous(), "Production");

        using var response = await page.Http.GetAsync("/discovery", Token);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Services_AsJson_AreTheWatchedOnesUnlessAllAreRequested()
    {
        await using var page = await PageHost.StartAsync();
        await page.RegisterAsync("catalog");
        await page.RegisterAsync("orders");
        await page.Resolver.GetSnapshotAsync("catalog", cancellationToken: Token);

        var watched = await page.JsonAsync("/discovery/services");
        var all = await page.JsonAsync("/discovery/services?all=true");

        var catalog = Assert.Single(watched.EnumerateArray());
        Assert.Equal(("catalog", 1, "Live"), (Text(catalog, "name"), catalog.GetProperty("serving").GetInt32(), Text(catalog, "source")));
        Assert.Equal(
            [("catalog", true), ("orders", false)],
            all.EnumerateArray().Select(service => (Text(service, "name"), service.GetProperty("isWatched").GetBoolean())));
    }

    [Fact]
    public async Task Explanation_AsJson_StatesWhyAnInstanceIsExcluded()
    {
        await using var page = await PageHost.StartAsync();
        await page.RegisterAsync("team/catalog");

        var detail = await page.JsonAsync("/discovery/explain/team/catalog?scheme=grpc&zone=eu-1");

        var instance = Assert.Single(detail.GetProperty("instances").EnumerateArray());
        Assert.Equal((false, "Port"), (instance.GetProperty("isCandidate").GetBoolean(), Text(instance, "exclusions")));
        Assert.Equal("10.0.0.1", Text(instance.GetProperty("instance"), "hostname"));
    }

    [Theory]
    [InlineData("/discovery/services/unknown", HttpStatusCode.NotFound)]
    [InlineData("/discovery/services/a%0Ab", HttpStatusCode.BadRequest)]
    public async Task Service_Unknown_IsAnErrorAsJson(string path, HttpStatusCode expected)
    {
        await using var page = await PageHost.StartAsync();

        using var response = await page.Http.GetAsync(path, Token);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Events_OfAnOpenPage_ReportServicesHostAndTimeline()
    {
        await using var page = await PageHost.StartAsync();
        await page.RegisterAsync("catalog");
        await page.Resolver.GetSnapshotAsync("catalog", cancellationToken: Token);
        await using var stream = await page.Http.GetStreamAsync("/discovery/events", Token);
        await using var events = SseParser.Create(stream).EnumerateAsync(Token).GetAsyncEnumerator(Token);

        await NextAsync(events, "services", data => data.Contains("\"catalog\"", StringComparison.Ordinal));
        await NextAsync(events, "host", data => data.Contains("\"Registered\"", StringComparison.Ordinal));
        await page.PutAsync("catalog", "b");
        await NextAsync(events, "services", data => data.Contains("\"serving\":2", StringComparison.Ordinal));
        await NextAsync(events, "timeline", data => data.Contains("\"InstanceUp\"", StringComparison.Ordinal) && data.Contains("\"b\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Events_OfAnOpenPage_DoNotDelayShutdown()
    {
        await using var page = await PageHost.StartAsync();
        await using var stream = await page.Http.GetStreamAsync("/discovery/events", Token);
        var reading = stream.CopyToAsync(Stream.Null, Token);

        await page.StopAsync().WaitAsync(Eventually.Patience, Token);

        await reading.WaitAsync(Eventually.Patience, Token);
    }

    [Fact]
    public async Task Responses_ServiceHasCredentials_DoNotContainThem()
    {
        await using var page = await PageHost.StartAsync();
        await page.RegisterAsync("catalog");
        await page.Resolver.GetSnapshotAsync("catalog", cancellationToken: Token);
        var texts = new List<string>();
        foreach (var path in new[] { "services", "services/catalog", "explain/catalog", "host" })
        {
            texts.Add(await page.Http.GetStringAsync($"/discovery/{path}", Token));
        }

        Assert.All(texts, text => Assert.DoesNotContain(Secret, text, StringComparison.Ordinal));
        Assert.All(texts, text => Assert.DoesNotContain("\"user\"", text, StringComparison.OrdinalIgnoreCase));
    }

    private static string? Text(JsonElement element, string property) => element.GetProperty(property).GetString();

    private static async Task NextAsync(IAsyncEnumerator<SseItem<string>> events, string type, Predicate<string> matches)
    {
        do
        {
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Eventually.Patience, Token));
        }
        while (events.Current.EventType != type || !matches(events.Current.Data));
    }

    private sealed class PageHost : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private PageHost(WebApplication app)
        {
            _app = app;
            Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        }

        public HttpClient Http { get; }

        public IServiceResolver Resolver => _app.Services.GetRequiredService<IServiceResolver>();

        public static async Task<PageHost> StartAsync(Action<WebApplication>? map = null, string? environment = null)
        {
            var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment ?? Environments.Development });
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddEtcdDiscovery().UseInMemoryStore();
            var app = builder.Build();
            (map ?? (application => application.MapEtcdDiscovery()))(app);
            await app.StartAsync(Token);
            return new(app);
        }

        public async Task RegisterAsync(string service)
        {
            var registration = _app.Services.GetRequiredService<IServiceRegistry>().Register(new()
            {
                Name = service,
                Hostname = "10.0.0.1",
                Ports = new Dictionary<string, string> { ["http"] = "80" },
                User = "jim",
                Password = Secret,
            });
            await registration.WaitUntilRegisteredAsync(Token);
        }

        public async Task PutAsync(string service, string id)
        {
            var session = await _app.Services.GetRequiredService<IDiscoveryStore>().OpenSessionAsync(TimeSpan.FromHours(1), Token);
            await session.TryPutAsync([TestCatalog.Put(service, id)], Token);
        }

        public async Task<JsonElement> JsonAsync(string path)
        {
            using var document = JsonDocument.Parse(await Http.GetStringAsync(path, Token));
            return document.RootElement.Clone();
        }

        public Task StopAsync() => _app.StopAsync(Token);

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await _app.DisposeAsync();
        }
    }
}
