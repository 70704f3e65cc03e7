using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace EtcdDiscovery.Tests.Http;

/// <summary>A request that fails at one instance is retried at the next one only if that is safe.</summary>
public sealed class NextInstanceTests
{
    private static readonly Uri Items = new("http://catalog/items");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", false)]
    [InlineData("POST", true)]
    public async Task Request_RefusedByTwoOfThree_Succeeds(string method, bool hasContent)
    {
        await using var web = await WebInstance.StartAsync(async context => await context.Request.Body.CopyToAsync(context.Response.Body));
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", HttpFleet.RefusedPort());
        await fleet.RegisterAsync("catalog", HttpFleet.RefusedPort());
        await fleet.RegisterAsync("catalog", web.Port);

        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), Items)
            {
                Content = hasContent ? new StreamContent(new OneShotStream("content"u8)) : null,
            };
            using var response = await fleet.Http.SendAsync(request, Token);
            Assert.Equal(hasContent ? "content" : "", await response.Content.ReadAsStringAsync(Token));
            Assert.Same(Items, request.RequestUri);
        }

        Assert.Equal(20, web.Requests);
        Assert.NotEmpty(fleet.Logs.Of("NextInstance"));
    }

    [Fact]
    public async Task Request_RefusedByAll_TriesEachOnce()
    {
        using var primary = new RecordingHandler((_, _) => throw Refused());
        await using var fleet = await HttpFleet.StartAsync(primary, options => options.MaxAttempts = 10);
        foreach (var host in Enumerable.Range(1, 4))
        {
            await fleet.RegisterAsync("catalog", "http=80", $"10.0.0.{host}");
        }

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => fleet.Http.GetAsync(Items, Token));

        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        Assert.Equal(4, primary.Requests.Distinct().Count());
        Assert.Equal(4, primary.Requests.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Request_RefusedByMany_StopsAfterMaxAttempts(int attempts)
    {
        using var primary = new RecordingHandler((_, _) => throw Refused());
        await using var fleet = await HttpFleet.StartAsync(primary, options => options.MaxAttempts = attempts);
        foreach (var host in Enumerable.Range(1, 5))
        {
            await fleet.RegisterAsync("catalog", "http=80", $"10.0.0.{host}");
        }

        await Assert.ThrowsAsync<HttpRequestException>(() => fleet.Http.GetAsync(Items, Token));

        Assert.Equal(attempts, primary.Requests.Count);
    }

    [Theory]
    [InlineData("GET", true, true, true)]
    [InlineData("GET", false, true, true)]
    [InlineData("DELETE", true, true, true)]
    [InlineData("PUT", true, true, true)]
    [InlineData("POST", true, true, false)]
    [InlineData("PATCH", false, true, false)]
    [InlineData("GET", true, false, false)]
    public async Task Request_CutOffAfterItWasSent_IsRetriedIfAllowed(string method, bool resets, bool retryIdempotent, bool isRetried)
    {
        await using var cutting = new CuttingServer(resets);
        await using var web = await WebInstance.StartAsync("done");
        await using var fleet = await HttpFleet.StartAsync(options => options.RetryIdempotent = retryIdempotent);
        await fleet.RegisterAsync("catalog", cutting.Port);
        await fleet.RegisterAsync("catalog", web.Port);

        var failures = 0;
        while (cutting.Requests == 0)
        {
            try
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), Items)
                {
                    Content = method is "GET" or "DELETE" ? null : new StringContent("content"),
                };
                using var response = await fleet.Http.SendAsync(request, Token);
                Assert.Equal("done", await response.Content.ReadAsStringAsync(Token));
            }
            catch (HttpRequestException)
            {
                failures++;
            }
        }

        Assert.Equal(isRetried ? 0 : 1, failures);
    }

    [Fact]
    public async Task Request_ContentCannotBeRewound_IsNotRetried()
    {
        await using var cutting = new CuttingServer(resets: true);
        await using var web = await WebInstance.StartAsync("done");
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", cutting.Port);
        await fleet.RegisterAsync("catalog", web.Port);

        var failures = 0;
        while (cutting.Requests == 0)
        {
            try
            {
                using var content = new StreamContent(new OneShotStream("content"u8));
                using var response = await fleet.Http.PutAsync(Items, content, Token);
            }
            catch (HttpRequestException)
            {
                failures++;
            }
        }

        Assert.Equal(1, failures);
    }

    [Fact]
    public async Task Request_AnsweredWithAnError_IsNotRetried()
    {
        using var primary = new RecordingHandler((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)));
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=80", "10.0.0.1");
        await fleet.RegisterAsync("catalog", "http=80", "10.0.0.2");

        using var response = await fleet.Http.GetAsync(Items, Token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Single(primary.Requests);
    }

    [Fact]
    public async Task Request_ConnectTimesOut_IsRetried()
    {
        using var primary = new RecordingHandler(async (request, _) => request.RequestUri!.Host == "10.0.0.2"
            ? new HttpResponseMessage()
            : throw new TaskCanceledException("ConnectTimeout", new TimeoutException()));
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=80", "10.0.0.1");
        await fleet.RegisterAsync("catalog", "http=80", "10.0.0.2");

        for (var i = 0; i < 10; i++)
        {
            using var response = await fleet.Http.GetAsync(Items, Token);
            Assert.True(response.IsSuccessStatusCode);
        }
    }

    [Fact]
    public async Task Request_Cancelled_IsNotRetried()
    {
        using var cancelling = new CancellationTokenSource();
        using var primary = new RecordingHandler(async (_, _) =>
        {
            await cancelling.CancelAsync();
            throw Refused();
        });
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=80", "10.0.0.1");
        await fleet.RegisterAsync("catalog", "http=80", "10.0.0.2");

        await Assert.ThrowsAnyAsync<Exception>(() => fleet.Http.GetAsync(Items, cancelling.Token));

        Assert.Single(primary.Requests);
    }

    [Fact]
    public async Task Redirect_ToAClosedPort_IsNotRetried()
    {
        var elsewhere = $"http://127.0.0.1:{HttpFleet.RefusedPort()}/";
        RequestDelegate redirect = context =>
        {
            context.Response.Redirect(elsewhere);
            return Task.CompletedTask;
        };
        await using var first = await WebInstance.StartAsync(redirect);
        await using var second = await WebInstance.StartAsync(redirect);
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", first.Port);
        await fleet.RegisterAsync("catalog", second.Port);

        await Assert.ThrowsAsync<HttpRequestException>(() => fleet.Http.GetAsync(Items, Token));

        Assert.Equal(1, first.Requests + second.Requests);
    }

    private static HttpRequestException Refused() =>
        new(HttpRequestError.ConnectionError, "refused", new SocketException((int)SocketError.ConnectionRefused));

    private sealed class OneShotStream(ReadOnlySpan<byte> content) : MemoryStream(content.ToArray())
    {
        public override bool CanSeek => false;
    }
}
