using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Http;

/// <summary>How request URLs are resolved to instances.</summary>
public sealed class RoutingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://catalog/items?page=2", "http=8080", "http://10.0.0.1:8080/items?page=2")]
    [InlineData("http://catalog", "http=80", "http://10.0.0.1:80/")]
    [InlineData("HTTP://Catalog/Items", "http=8080", "http://10.0.0.1:8080/Items")]
    [InlineData("http://catalog?page=2", "http=8080", "http://10.0.0.1:8080/?page=2")]
    [InlineData("http://catalog/a%2Fb/é%20c", "http=8080", "http://10.0.0.1:8080/a%2Fb/%C3%A9%20c")]
    [InlineData("http://catalog/a/../b", "http=8080", "http://10.0.0.1:8080/b")]
    [InlineData("http://user:secret@catalog/items", "http=8080", "http://10.0.0.1:8080/items")]
    [InlineData("https://catalog/items", "http=8080,https=8443", "https://10.0.0.1:8443/items")]
    [InlineData("https+http://catalog/items", "http=8080,https=8443", "https://10.0.0.1:8443/items")]
    [InlineData("https+http://catalog/items", "http=8080", "http://10.0.0.1:8080/items")]
    [InlineData("https+http://catalog", "http=8080", "http://10.0.0.1:8080/")]
    [InlineData("http+https://catalog/items", "http=8080,https=8443", "http://10.0.0.1:8080/items")]
    [InlineData("http://_grpc.catalog/items", "grpc=9090,http=8080", "http://10.0.0.1:9090/items")]
    [InlineData("https+http://_grpc.catalog/items", "grpc=9090", "https://10.0.0.1:9090/items")]
    [InlineData("http://catalog:80/items", "http=8080", "http://10.0.0.1:8080/items")]
    [InlineData("https://catalog:443/items", "https=8443", "https://10.0.0.1:8443/items")]
    [InlineData("http://_grpc.catalog:80/items", "grpc=9090", "http://10.0.0.1:9090/items")]
    [InlineData("https+http://catalog:443/items", "https=8443", "https://10.0.0.1:8443/items")]
    [InlineData("ws://catalog/items", "http=8080", "http://10.0.0.1:8080/items")]
    [InlineData("wss://catalog/items", "https=8443", "https://10.0.0.1:8443/items")]
    public async Task Request_ForAService_GoesToItsInstance(string url, string ports, string expected)
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", ports, "10.0.0.1");

        using var response = await fleet.Http.GetAsync(new Uri(url), Token);

        Assert.Equal(expected, Assert.Single(primary.Requests).Uri!.AbsoluteUri.Replace("10.0.0.1/", "10.0.0.1:80/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://Orders/1", "10.0.0.1")]
    [InlineData("http://orders/1", "10.0.0.1")]
    [InlineData("http://users/1", "10.0.0.3")]
    [InlineData("http://items/1", null)]
    public async Task Request_ServiceHasCapitals_GoesToItIfItsNameIsUnambiguous(string url, string? expected)
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("Orders", "http=8080", "10.0.0.1");
        await fleet.RegisterAsync("Users", "http=8080", "10.0.0.2");
        await fleet.RegisterAsync("users", "http=8080", "10.0.0.3");
        await fleet.RegisterAsync("Items", "http=8080", "10.0.0.4");
        await fleet.RegisterAsync("ITEMS", "http=8080", "10.0.0.5");
        if (expected is null)
        {
            await Assert.ThrowsAsync<ServiceNotFoundException>(() => fleet.Http.GetAsync(new Uri(url), Token));
            return;
        }

        for (var i = 0; i < 2; i++)
        {
            using var response = await fleet.Http.GetAsync(new Uri(url), Token);
        }

        Assert.Equal([expected, expected], primary.Requests.Select(request => request.Uri!.Host));
    }

    [Theory]
    [InlineData("http://10.1.2.3/items", "http://10.1.2.3/items")]
    [InlineData("http://[::1]/items", "http://[::1]/items")]
    [InlineData("http://catalog:8080/items", "http://catalog:8080/items")]
    [InlineData("https://catalog:80/items", "https://catalog:80/items")]
    [InlineData("http://localhost/items", "http://localhost/items")]
    [InlineData("https+http://catalog:8080/items", "https://catalog:8080/items")]
    [InlineData("http://api.example.com/items", "http://api.example.com/items")]
    [InlineData("http://API.example.com/items", "http://API.example.com/items")]
    [InlineData("https+http://api.example.com/items", "https://api.example.com/items")]
    [InlineData("http://a.b.wild.example/items", "http://a.b.wild.example/items")]
    [InlineData("ws://catalog:8080/items", "ws://catalog:8080/items")]
    [InlineData("ftp://catalog/items", "ftp://catalog/items")]
    public async Task Request_ForAnotherHost_IsUnchanged(string url, string expected)
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary, options => options.ExternalHosts = ["api.example.com", "*.wild.example"]);
        await fleet.RegisterAsync("catalog", "http=8080", "10.0.0.1");

        using var response = await fleet.Http.GetAsync(new Uri(url), Token);

        Assert.Equal(expected, primary.Urls);
    }

    [Fact]
    public async Task Request_ForAnIPv6Instance_HasBrackets()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=8080", "2001:db8::1");

        using var response = await fleet.Http.GetAsync(new Uri("http://catalog/items"), Token);

        Assert.Equal("http://[2001:db8::1]:8080/items", primary.Urls);
    }

    [Fact]
    public async Task Request_WithABaseAddress_GoesToTheInstance()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=8080", "10.0.0.1");
        using var http = fleet.Http;
        http.BaseAddress = new Uri("https+http://catalog");

        using var first = await http.GetAsync("/items/1", Token);
        using var second = await http.GetAsync("/items/2", Token);

        Assert.Equal("http://10.0.0.1:8080/items/1 http://10.0.0.1:8080/items/2", primary.Urls);
    }

    [Fact]
    public async Task Request_ForAnUnknownService_ThrowsServiceNotFound()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);

        var error = await Assert.ThrowsAsync<ServiceNotFoundException>(() => fleet.Http.GetAsync(new Uri("http://catalog/items"), Token));

        Assert.Equal("catalog", error.ServiceName);
        Assert.Empty(primary.Requests);
    }

    [Fact]
    public async Task Request_ForAServiceWithoutInstances_ThrowsHttpRequestException()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        var registration = await fleet.RegisterAsync("catalog", "http=8080");
        await registration.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token);

        await Eventually.TrueAsync(
            async () => await ErrorOfAsync() is { InnerException: NoInstanceFoundException }, "the instance is not picked");

        async Task<HttpRequestException?> ErrorOfAsync()
        {
            try
            {
                using var response = await fleet.Http.GetAsync(new Uri("http://catalog/items"), Token);
                return null;
            }
            catch (HttpRequestException error)
            {
                return error;
            }
        }
    }

    [Theory]
    [InlineData("https://catalog", "https")]
    [InlineData("https+http://catalog", "https+http")]
    [InlineData("http://_grpc.catalog", "grpc")]
    public async Task Request_NoInstanceHasThePort_ThrowsUnknownScheme(string url, string scheme)
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "tcp=8080");

        var error = await Assert.ThrowsAsync<UnknownSchemeException>(() => fleet.Http.GetAsync(new Uri(url), Token));

        Assert.Equal(scheme, error.Scheme);
    }

    [Fact]
    public async Task Requests_OneInstanceHasThePort_GoThere()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=8081", "10.0.0.1");
        await fleet.RegisterAsync("catalog", "http=8082,https=8443", "10.0.0.2");
        await fleet.RegisterAsync("catalog", "http=8083", "10.0.0.3");

        for (var i = 0; i < 20; i++)
        {
            using var response = await fleet.Http.GetAsync(new Uri("https://catalog/items"), Token);
        }

        Assert.All(primary.Requests, request => Assert.Equal("https://10.0.0.2:8443/items", request.Uri!.OriginalString));
    }

    [Fact]
    public async Task Request_WithShardAndNetwork_GoesThere()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        foreach (var shard in Enumerable.Range(0, 4))
        {
            await fleet.RegisterAsync("catalog", "http=80", $"10.0.0.{shard}", options =>
                (options.Shard, options.PrivateHostname, options.PrivatePorts) = ($"shard-{shard}", $"10.1.0.{shard}", HttpFleet.MapOf("http=8080")));
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, "http://catalog/items");
        request.Options.Set(ServiceRequest.Shard, "shard-2");
        request.Options.Set(ServiceRequest.Network, ServiceNetwork.Private);
        using var response = await fleet.Http.SendAsync(request, Token);

        Assert.Equal("http://10.1.0.2:8080/items", primary.Urls);
    }

    [Fact]
    public async Task Request_ForAnUnknownShard_ThrowsNoInstanceOnShard()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=80");
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://catalog/items");
        request.Options.Set(ServiceRequest.Shard, "shard-2");

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => fleet.Http.SendAsync(request, Token));

        Assert.IsType<NoInstanceOnShardException>(error.InnerException);
    }

    [Fact]
    public async Task Request_AfterItWasSent_IsRestored()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);
        await fleet.RegisterAsync("catalog", "http=80", configure: options => (options.User, options.Password) = ("user", "secret"));
        var uri = new Uri("http://catalog/items");
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        using var invoker = new HttpMessageInvoker(fleet.Services.GetHandler(HttpFleet.Client), disposeHandler: false);

        using var first = await invoker.SendAsync(request, Token);
        using var second = await invoker.SendAsync(request, Token);

        Assert.Same(uri, request.RequestUri);
        Assert.Null(request.Headers.Authorization);
        Assert.Equal(2, primary.Requests.Count(seen => seen.Authorization is not null));
    }

    [Fact]
    public async Task Request_SentSynchronously_ThrowsNotSupported()
    {
        using var primary = new RecordingHandler();
        await using var fleet = await HttpFleet.StartAsync(primary);

        var error = Assert.Throws<NotSupportedException>(() => fleet.Http.Send(new HttpRequestMessage(HttpMethod.Get, "http://catalog/items"), Token));

        Assert.Contains("SendAsync", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "a.example")]
    [InlineData(11, "a.example")]
    [InlineData(3, "http://a.example")]
    public async Task Options_Invalid_FailTheStart(int attempts, string external)
    {
        var error = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => HttpFleet.StartAsync(options =>
            (options.MaxAttempts, options.ExternalHosts) = (attempts, [external])));

        Assert.Contains($"of HttpClient '{HttpFleet.Client}'", error.Message, StringComparison.Ordinal);
    }
}
