using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EtcdDiscovery.Http;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;

namespace EtcdDiscovery.Tests.Http;

/// <summary>The handler within an <see cref="HttpClient"/>: credentials, certificates, HTTP/2, gRPC, Polly and handler rotation.</summary>
public sealed class ClientTests(SharedEtcd etcd)
{
    private static readonly Uri Items = new("http://catalog/items");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Credentials_RequestHasNone_AreThoseOfTheService()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", 80, options => (options.User, options.Password) = ("jürgen", "se:cret"));
        using var own = new HttpRequestMessage(HttpMethod.Get, Items) { Headers = { { "Authorization", "Bearer mine" } } };

        using var first = await fleet.Http.GetAsync(Items, Token);
        using var second = await fleet.Http.SendAsync(own, Token);

        Assert.Equal(["Basic asO8cmdlbjpzZTpjcmV0", "Bearer mine"], primary.Requests.Select(request => request.Authorization));
        Assert.Equal("Bearer mine", own.Headers.Authorization?.ToString());
    }

    [Fact]
    public async Task Credentials_Redirected_AreNotForwarded()
    {
        string? forwarded = "nothing arrived", original = null;
        await using var elsewhere = await WebInstance.StartAsync(context =>
        {
            forwarded = context.Request.Headers.Authorization;
            return Task.CompletedTask;
        });
        await using var web = await WebInstance.StartAsync(context =>
        {
            original = context.Request.Headers.Authorization;
            context.Response.Redirect($"http://localhost:{elsewhere.Port}/");
            return Task.CompletedTask;
        });
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", web.Port, options => (options.User, options.Password) = ("user", "secret"));

        using var response = await fleet.Http.GetAsync(Items, Token);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith("Basic ", original, StringComparison.Ordinal);
        Assert.Null(forwarded);
    }

    [Theory]
    [InlineData("localhost", SslPolicyErrors.None)]
    [InlineData("127.0.0.1", SslPolicyErrors.RemoteCertificateNameMismatch)]
    public async Task Certificate_OfAnInstance_IsValidatedAgainstItsHostName(string hostname, SslPolicyErrors expected)
    {
        using var certificate = CertificateFor("localhost");
        await using var web = await WebInstance.StartAsync(context => context.Response.WriteAsync("done"), HttpProtocols.Http1, certificate);
        var seen = SslPolicyErrors.None;
        await using var fleet = await HttpFleet.StartAsync(null, client => client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
        {
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, _, _, errors) =>
                {
                    seen = errors & SslPolicyErrors.RemoteCertificateNameMismatch;
                    return !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
                },
            },
        }));
        await fleet.RegisterAsync("catalog", $"https={web.Port}", hostname);

        Assert.Equal("done", await fleet.Http.GetStringAsync(new Uri("https+http://catalog/items"), Token));
        Assert.Equal(expected, seen);
    }

    [Fact]
    public async Task Certificate_Rejected_TriesTheNextInstance()
    {
        using var certificate = CertificateFor("localhost");
        using var other = CertificateFor("other.example");
        await using var wrong = await WebInstance.StartAsync(context => context.Response.WriteAsync("wrong"), HttpProtocols.Http1, other);
        await using var right = await WebInstance.StartAsync(context => context.Response.WriteAsync("right"), HttpProtocols.Http1, certificate);
        await using var fleet = await HttpFleet.StartAsync(null, client => client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
        {
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, _, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch),
            },
        }));
        await fleet.RegisterAsync("catalog", $"https={wrong.Port}", "localhost");
        await fleet.RegisterAsync("catalog", $"https={right.Port}", "localhost");

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("right", await fleet.Http.GetStringAsync(new Uri("https://catalog/items"), Token));
        }
    }

    [Fact]
    public async Task Stream_OverHttp2_IsBidirectional()
    {
        await using var web = await WebInstance.StartAsync(
            async context =>
            {
                await context.Response.Body.FlushAsync();
                await context.Request.Body.CopyToAsync(context.Response.Body);
            },
            HttpProtocols.Http2);
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", $"grpc={web.Port}");
        using var content = new DuplexContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://_grpc.catalog/echo")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };

        using var response = await fleet.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        await using var echo = await response.Content.ReadAsStreamAsync(Token);
        var stream = await content.Stream;
        foreach (var letter in "abc"u8.ToArray())
        {
            await stream.WriteAsync(new[] { letter }, Token);
            await stream.FlushAsync(Token);
            Assert.Equal(letter, echo.ReadByte());
        }

        content.Complete();
        Assert.Equal(-1, echo.ReadByte());
    }

    // etcd serves as a real gRPC service: unary calls with trailers, and a stream.
    [Fact]
    public async Task Grpc_OverAHandlerOfTheFactory_ReachesARealServer()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("registry", $"grpc={server.Port}");
        using var channel = GrpcChannel.ForAddress(
            "http://_grpc.registry",
            new()
            {
                HttpHandler = fleet.Services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(HttpFleet.Client),
            });
        var store = new KV.KVClient(channel);
        var key = ByteString.CopyFromUtf8(UniqueName.Of("grpc"));
        using var watch = new Watch.WatchClient(channel).Watch(cancellationToken: Token);
        await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new() { Key = key } }, Token);
        Assert.True(await watch.ResponseStream.MoveNext(Token));
        Assert.True(watch.ResponseStream.Current.Created);

        await store.PutAsync(new PutRequest { Key = key, Value = ByteString.CopyFromUtf8("x") }, cancellationToken: Token);
        Assert.True(await watch.ResponseStream.MoveNext(Token));
        Assert.Equal("x", Assert.Single(watch.ResponseStream.Current.Events).Kv.Value.ToStringUtf8());
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await store.RangeAsync(new RangeRequest(), cancellationToken: Token));
        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
    }

    [Fact]
    public async Task PrimaryHandler_OfAClient_DisablesLoadBalancingOfGrpc()
    {
        var primary = new SocketsHttpHandler();
        await using var fleet = await HttpFleet.StartAsync(null, client => client.ConfigurePrimaryHttpMessageHandler(() => primary));

        _ = fleet.Http;

        Assert.Equal(true, primary.Properties["__GrpcLoadBalancingDisabled"]);
    }

    [Fact]
    public async Task Requests_Concurrent_ReachAllInstances()
    {
        await using var first = await WebInstance.StartAsync("first");
        await using var second = await WebInstance.StartAsync("second");
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", first.Port);
        await fleet.RegisterAsync("catalog", HttpFleet.RefusedPort());
        await fleet.RegisterAsync("catalog", second.Port);
        var http = fleet.Http;

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => http.GetStringAsync(new Uri($"http://catalog/items/{i}"), Token)));

        Assert.Equal(["first", "second"], answers.Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Polly_Retries_PicksAnotherInstanceWhicheverHandlerWasAddedFirst(bool pollyFirst)
    {
        await using var busy = await WebInstance.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        await using var free = await WebInstance.StartAsync("done");
        await using var fleet = await HttpFleet.StartAsync(null, client =>
        {
            client.AddHttpMessageHandler(() => new PollyHandler());
            if (pollyFirst)
            {
                client.AddEtcdDiscovery();
            }
        });
        await fleet.RegisterAsync("catalog", busy.Port);
        await fleet.RegisterAsync("catalog", free.Port);

        for (var i = 0; i < 10; i++)
        {
            using var content = new StringContent("content");
            using var response = await fleet.Http.PostAsync(Items, content, Token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.NotEqual(0, busy.Requests);
    }

    [Fact]
    public async Task Defaults_AndTheClientItself_AddOneHandler()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(configure: client =>
        {
            client.Services.ConfigureHttpClientDefaults(all => all
                .AddEtcdDiscovery(options => options.ServiceHosts = ["catalog"])
                .AddEtcdDiscovery(options => options.ExternalHosts = ["external.example"])
                .ConfigurePrimaryHttpMessageHandler(() => primary));
            client.AddEtcdDiscovery();
        });
        await fleet.RegisterAsync("catalog", "http=8080", "10.0.0.1");

        Assert.Single(ChainOf(fleet.Services.GetHandler(HttpFleet.Client)).OfType<DiscoveryHandler>());
        Assert.Single(ChainOf(fleet.Services.GetHandler("another")).OfType<DiscoveryHandler>());
        using var another = fleet.Services.GetRequiredService<IHttpClientFactory>().CreateClient("another");
        using var found = await another.GetAsync(Items, Token);
        using var external = await another.GetAsync(new Uri("http://external.example/"), Token);
        using var unlisted = await another.GetAsync(new Uri("http://unknown/"), Token);
        await Assert.ThrowsAsync<ServiceNotFoundException>(() => fleet.Http.GetAsync(new Uri("http://unknown/"), Token));
        Assert.Equal("http://10.0.0.1:8080/items http://external.example/ http://unknown/", primary.Urls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ServiceHosts_OfANamedClient_OverrideTheDefaults(bool defaultsFirst)
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(configure: client =>
        {
            var services = client.Services;
            Action[] steps =
            [
                () => services.ConfigureHttpClientDefaults(all => all
                    .AddEtcdDiscovery(options => options.ServiceHosts.Add("other")).ConfigurePrimaryHttpMessageHandler(() => primary)),
                () => services.AddHttpClient("own").AddEtcdDiscovery(options => options.ServiceHosts = ["catalog"]),
            ];
            foreach (var step in defaultsFirst ? steps : steps.Reverse())
            {
                step();
            }
        });
        await fleet.RegisterAsync("catalog", "http=8080", "10.0.0.1");
        await fleet.RegisterAsync("other", "http=8080", "10.0.0.2");
        using var own = fleet.Services.GetRequiredService<IHttpClientFactory>().CreateClient("own");
        using var byDefault = fleet.Services.GetRequiredService<IHttpClientFactory>().CreateClient("another");

        foreach (var http in new[] { own, byDefault })
        {
            using var first = await http.GetAsync(new Uri("http://catalog/"), Token);
            using var second = await http.GetAsync(new Uri("http://other/"), Token);
        }

        Assert.Equal("http://10.0.0.1:8080/ http://other/ http://catalog/ http://10.0.0.2:8080/", primary.Urls);
    }

    [Fact]
    public async Task Handlers_Rotated_AreGarbageCollected()
    {
        await using var fleet = await HttpFleet.StartAsync();
        await fleet.RegisterAsync("catalog", "http=8080", "10.0.0.1");
        var resolver = fleet.Services.GetRequiredService<IServiceResolver>();

        var handlers = await UseHandlersAsync(resolver, fleet.Services.GetRequiredService<CapitalizedNames>());
        await Eventually.TrueAsync(
            () =>
            {
                GC.Collect();
                return Task.FromResult(handlers.TrueForAll(handler => !handler.TryGetTarget(out _)));
            },
            "all handlers are collected");

        Assert.Single(fleet.Services.GetRequiredService<ServiceCatalog>().Services);
    }

    private static async Task<List<WeakReference<DiscoveryHandler>>> UseHandlersAsync(IServiceResolver resolver, CapitalizedNames names)
    {
        var handlers = new List<WeakReference<DiscoveryHandler>>();
        for (var i = 0; i < 100; i++)
        {
            var handler = new DiscoveryHandler(resolver, names, new HttpDiscoveryOptions { IsOwn = true }, new AttemptTelemetry(new Meter("test")), NullLogger.Instance)
            {
                InnerHandler = new RecordingHandler(),
            };
            using var invoker = new HttpMessageInvoker(handler);
            using var response = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, Items), Token);
            handlers.Add(new(handler));
        }

        return handlers;
    }

    private static IEnumerable<HttpMessageHandler> ChainOf(HttpMessageHandler? handler)
    {
        for (; handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
        {
            yield return handler;
        }
    }

    private static X509Certificate2 CertificateFor(string host)
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class PollyHandler : DelegatingHandler
    {
        private readonly ResiliencePipeline<HttpResponseMessage> _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddRetry(new()
            {
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>().HandleResult(response => !response.IsSuccessStatusCode),
                MaxRetryAttempts = 40,
                Delay = TimeSpan.Zero,
            })
            .Build();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            await _pipeline.ExecuteAsync(async token => await base.SendAsync(request, token), cancellationToken);
    }

    private sealed class DuplexContent : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Stream> Stream => _stream.Task;

        public void Complete() => _complete.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            _stream.SetResult(stream);
            await _complete.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
