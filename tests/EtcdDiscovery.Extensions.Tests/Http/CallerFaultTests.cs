using System.Net;
using System.Text;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace EtcdDiscovery.Tests.Http;

/// <summary>
/// Faults of the caller, such as content that throws or headers that do not parse, do not count against an instance, and the requests of
/// the caller are not altered.
/// </summary>
public sealed class CallerFaultTests
{
    private static readonly Uri Items = new("http://catalog/items");

    public static TheoryData<string> Failures => ["timeout", "connection", "io"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Content_Throws_IsNotRetriedAndEjectsNoInstance(string failure)
    {
        await using var first = await WebInstance.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null));
        await using var second = await WebInstance.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null));
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", first.Port);
        await fleet.RegisterAsync("catalog", second.Port);
        using var content = new FailingContent(failure switch
        {
            "timeout" => new TaskCanceledException("timeout", new TimeoutException()),
            "connection" => new HttpRequestException(HttpRequestError.ConnectionError, "elsewhere"),
            _ => new IOException("disk"),
        });

        await Assert.ThrowsAnyAsync<Exception>(() => fleet.Http.PutAsync(Items, content, Token));

        Assert.Equal(1, content.Reads);
        Assert.Empty(fleet.Logs.Of("NextInstance"));
        Assert.Empty(fleet.Logs.Of("Ejected"));
    }

    [Fact]
    public async Task Content_ConnectionRefused_IsSentToTheNextInstance()
    {
        await using var web = await WebInstance.StartAsync(async context => await context.Request.Body.CopyToAsync(context.Response.Body));
        await using var fleet = await HttpFleet.StartAsync(options => options.MaxAttempts = 2);
        await fleet.RegisterAsync("catalog", HttpFleet.RefusedPort());
        await fleet.RegisterAsync("catalog", web.Port);

        for (var i = 0; i < 10; i++)
        {
            using var stream = new MemoryStream("content"u8.ToArray());
            using var content = new StreamContent(stream) { Headers = { { "Content-Language", "en" }, { "X-Not-Valid", "a" } } };
            using var response = await fleet.Http.PostAsync(Items, content, Token);
            Assert.Equal("content", await response.Content.ReadAsStringAsync(Token));
        }
    }

    [Fact]
    public async Task Content_AfterTheRequest_IsRestored()
    {
        HttpContent? sent = null;
        using var primary = new RecordingHandler((request, _) =>
        {
            sent = request.Content;
            return Task.FromResult(new HttpResponseMessage());
        });
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", 80);
        using var content = new FailingContent(new IOException());
        content.Headers.TryAddWithoutValidation("Content-Type", "not a type");
        using var request = new HttpRequestMessage(HttpMethod.Post, Items) { Content = content };

        using var response = await fleet.Http.SendAsync(request, Token);

        Assert.Same(content, request.Content);
        Assert.Equal("not a type", sent!.Headers.NonValidated["Content-Type"].ToString());
    }

    [Fact]
    public async Task Authorization_NotParsable_IsSentUnchanged()
    {
        string? authorization = null;
        using var primary = new RecordingHandler((request, _) =>
        {
            authorization = request.Headers.NonValidated["Authorization"].ToString();
            return Task.FromResult(new HttpResponseMessage());
        });
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", 80, options => (options.User, options.Password) = ("user", "secret"));
        using var request = new HttpRequestMessage(HttpMethod.Get, Items);
        request.Headers.TryAddWithoutValidation("Authorization", "<key>, of my own");

        using var response = await fleet.Http.SendAsync(request, Token);

        Assert.Equal("<key>, of my own", authorization);
        Assert.Equal("<key>, of my own", request.Headers.NonValidated["Authorization"].ToString());
    }

    [Fact]
    public async Task Request_HandlerThrowsSynchronously_IsRestored()
    {
        using var primary = new RecordingHandler((_, _) => throw new NotSupportedException("not supported"));
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", 80, options => (options.User, options.Password) = ("user", "secret"));
        using var request = new HttpRequestMessage(HttpMethod.Get, Items);

        await Assert.ThrowsAsync<NotSupportedException>(() => fleet.Http.SendAsync(request, Token));

        Assert.Same(Items, request.RequestUri);
        Assert.Null(request.Headers.Authorization);
    }

    [Theory]
    [InlineData("/a%2Fb/%7Ec/../d?q=%41", true)]
    [InlineData("/a%2Fb/%7Ec/../d?q=%41", false)]
    [InlineData("/a b", false)]
    [InlineData("/shop.Catalog/Get", false)]
    [InlineData("/items#part", true)]
    [InlineData("/items#part", false)]
    public async Task Path_Unusual_IsSentAsWithoutDiscovery(string path, bool isVerbatim)
    {
        await using var web = await WebInstance.StartAsync(context =>
            context.Response.WriteAsync(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget));
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", web.Port);
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = isVerbatim };
        using var plain = new HttpClient();

        var expected = await plain.GetStringAsync(new Uri($"http://127.0.0.1:{web.Port}{path}", options), Token);
        var actual = await fleet.Http.GetStringAsync(new Uri($"http://catalog{path}", options), Token);

        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData("http://catalog/items ")]
    [InlineData(" http://catalog/items")]
    [InlineData("http://catalog ")]
    [InlineData("https+http://catalog\t")]
    [InlineData("http://_grpc_web.catalog/")]
    [InlineData("http://_2nd.catalog/ ")]
    public async Task Url_Unusual_IsResolved(string url)
    {
        await using var web = await WebInstance.StartAsync("done");
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", FormattableString.Invariant($"http={web.Port},grpc_web={web.Port},2nd={web.Port}"));

        Assert.Equal("done", await fleet.Http.GetStringAsync(new Uri(url), Token));
    }

    private sealed class FailingContent(Exception failure) : HttpContent
    {
        private int _reads;

        public int Reads => _reads;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            Interlocked.Increment(ref _reads);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("start"));
            await stream.FlushAsync();
            throw failure;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
