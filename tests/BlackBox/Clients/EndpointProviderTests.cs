using System.Net;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ServiceDiscovery;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>Services in etcd as endpoints of <c>Microsoft.Extensions.ServiceDiscovery</c>, and as destinations of YARP.</summary>
public sealed class EndpointProviderTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_OfAFleet_FollowsADrainAKillAndAnOutageOfEtcd()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort);
        var caller = await fleet.StartCallerAsync(AddClient);
        using var http = caller.GetRequiredService<IHttpClientFactory>().CreateClient("caller");
        Assert.Equal(3, (await AnswersAsync(http, fleet, 30)).Count);

        await fleet.PauseAsync(0);
        await Eventually.TrueAsync(async () => (await AnswersAsync(http, fleet, 20)).Count == 2, "the drained instance gets no request");
        // This client neither retries nor ejects: until the lease ends, a killed instance fails requests.
        await fleet.UnregisterAsync(1);
        await Eventually.TrueAsync(async () => (await AnswersAsync(http, fleet, 20)).Count == 1, "the instance that left gets no request");

        await server.KillAsync();
        Assert.Single(await AnswersAsync(http, fleet, 50));
    }

    [Theory]
    [InlineData("http://{0}", "http://10.0.0.1:8080/")]
    [InlineData("https+http://{0}", "http://10.0.0.1:8080/")]
    [InlineData("http://_web.{0}", "http://10.0.0.1:9090/")]
    [InlineData("http+https://_web.{0}", "http://10.0.0.1:9090/")]
    public async Task Endpoint_OfAnyFormOfAName_HasThePortOfTheName(string url, string expected)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort, size: 0);
        await fleet.RegisterAsync(fleet.Service, new() { ["http"] = "8080", ["web"] = "9090" }, "10.0.0.1");
        await using var caller = await App.StartAsync(Product.Settings(server.Endpoint), builder => AddClient(builder.Services));
        await using var resolver = caller.Services.GetRequiredService<ServiceEndpointResolver>();
        var name = string.Format(System.Globalization.CultureInfo.InvariantCulture, url, fleet.Service);

        var endpoint = Assert.Single((await resolver.GetEndpointsAsync(name, Token)).Endpoints);

        Assert.Equal(expected, endpoint.EndPoint.ToString());
    }

    [Fact]
    public async Task Endpoint_ServiceHasCapitals_IsFound()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort, size: 0);
        var name = fleet.Service.ToUpperInvariant();
        await fleet.RegisterAsync(name, new() { ["http"] = "8080" }, "10.0.0.1");
        await using var caller = await App.StartAsync(Product.Settings(server.Endpoint), builder => AddClient(builder.Services));
        await using var resolver = caller.Services.GetRequiredService<ServiceEndpointResolver>();

        var endpoint = Assert.Single((await resolver.GetEndpointsAsync($"http://{name}", Token)).Endpoints);

        Assert.Equal("http://10.0.0.1:8080/", endpoint.EndPoint.ToString());
    }

    [Theory]
    [InlineData("https+http://{0}/port", "http")]
    [InlineData("http+https://_web.{0}/port", "web")]
    public async Task Client_OfAnyFormOfAName_ReachesTheInstance(string url, string port)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort, ports: [port], size: 1);
        var caller = await fleet.StartCallerAsync(AddClient);
        using var http = caller.GetRequiredService<IHttpClientFactory>().CreateClient("caller");
        var uri = string.Format(System.Globalization.CultureInfo.InvariantCulture, url, fleet.Service);

        Assert.NotEqual("", await http.GetStringAsync(new Uri(uri), Token));
    }

    [Fact]
    public async Task Endpoints_OfAService_CarryTheirInstance()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort);
        var caller = await fleet.StartCallerAsync(AddClient);
        await using var resolver = caller.GetRequiredService<ServiceEndpointResolver>();

        var endpoints = (await resolver.GetEndpointsAsync($"http://{fleet.Service}", Token)).Endpoints;

        Assert.Equal(3, endpoints.Count);
        Assert.Equal(
            (await caller.InstancesAsync(fleet.Service, Token)).Select(instance => instance.Id),
            endpoints.Select(Product.InstanceIdOf).Order(StringComparer.Ordinal));
        Assert.All(endpoints, endpoint => Assert.StartsWith("localhost:", endpoint.Features.Get<IHostNameFeature>()!.HostName, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Name_ThatIsNoService_IsLeftToTheNextProvider()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var caller = await App.StartAsync(Product.Settings(server.Endpoint), builder => AddClient(builder.Services));
        await using var resolver = caller.Services.GetRequiredService<ServiceEndpointResolver>();

        foreach (var name in new[] { "http://nothing-of-the-kind", "http://api.example.com", "http://10.0.0.1" })
        {
            var endpoint = Assert.Single((await resolver.GetEndpointsAsync(name, Token)).Endpoints);
            Assert.Contains(new Uri(name).Host, endpoint.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Name_WithEndpointsInTheConfiguration_KeepsThem()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort);
        await using var caller = await App.StartAsync(
            [.. Product.Settings(server.Endpoint), new($"Services:{fleet.Service}:http:0", "http://10.9.9.9:1234")], builder => AddClient(builder.Services));
        await using var resolver = caller.Services.GetRequiredService<ServiceEndpointResolver>();

        var endpoint = Assert.Single((await resolver.GetEndpointsAsync($"http://{fleet.Service}", Token)).Endpoints);

        Assert.Contains("10.9.9.9", endpoint.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_ThatRegistersLater_IsFoundWithoutPolling()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort, size: 0);
        var caller = await fleet.StartCallerAsync(AddClient);
        await using var resolver = caller.GetRequiredService<ServiceEndpointResolver>();
        Assert.Single((await resolver.GetEndpointsAsync($"http://{fleet.Service}", Token)).Endpoints);

        await fleet.RegisterAsync(fleet.Service, new() { ["http"] = "8080" }, "10.0.0.1");
        await fleet.RegisterAsync(fleet.Service, new() { ["http"] = "8080" }, "10.0.0.2");

        // The default refresh period is a minute.
        await Eventually.TrueAsync(
            async () => (await resolver.GetEndpointsAsync($"http://{fleet.Service}", Token)).Endpoints.Count == 2, "both endpoints are found");
    }

    [Theory]
    [InlineData("grpc", "http://{0}.no-port.invalid/")]
    [InlineData(null, "http://{0}.no-instance.invalid/")]
    public async Task Endpoint_OfAServiceThatCannotBeReached_SaysWhy(string? port, string expected)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort, ports: [port ?? "http"], size: 1);
        if (port is null)
        {
            await fleet.PauseAsync(0);
        }

        await using var caller = await App.StartAsync(Product.Settings(server.Endpoint), builder => AddClient(builder.Services));
        await using var resolver = caller.Services.GetRequiredService<ServiceEndpointResolver>();

        var endpoint = Assert.Single((await resolver.GetEndpointsAsync($"http://{fleet.Service}", Token)).Endpoints);

        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, expected, fleet.Service), endpoint.ToString());
    }

    [Fact]
    public async Task Proxy_WithDestinationsFromEtcd_FollowsThem()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort);
        await using var proxy = await Proxy.StartAsync(server.Endpoint, fleet.Service, AddDestinations);
        using var http = new HttpClient { BaseAddress = new Uri(proxy.Urls.Single()) };
        await Eventually.TrueAsync(async () => (await AnswersAsync(http, null, 30)).Count == 3, "the proxy has all destinations");

        await fleet.PauseAsync(0);
        await Eventually.TrueAsync(async () => (await AnswersAsync(http, null, 20)).Count == 2, "the drained instance is no destination");
        await fleet.UnregisterAsync(1);
        await Eventually.TrueAsync(async () => (await AnswersAsync(http, null, 20)).Count == 1, "the instance that left is no destination");
        await server.KillAsync();
        Assert.Single(await AnswersAsync(http, null, 50));
    }

    [Fact]
    public async Task Proxy_WhileNoInstanceServes_StartsAndFindsTheNextOne()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(server.Endpoint, MapPort, size: 1);
        await fleet.PauseAsync(0);
        await using var proxy = await Proxy.StartAsync(server.Endpoint, fleet.Service, AddDestinations);
        using var http = new HttpClient { BaseAddress = new Uri(proxy.Urls.Single()) };
        using var unavailable = await http.GetAsync("/port", Token);
        Assert.Equal(HttpStatusCode.BadGateway, unavailable.StatusCode);

        await fleet.ResumeAsync(0);
        await Eventually.TrueAsync(ServesAsync, "the proxy finds the instance");
        await fleet.PauseAsync(0);
        await Eventually.TrueAsync(async () => !await ServesAsync(), "the proxy has no instance");
        await fleet.ResumeAsync(0);
        await Eventually.TrueAsync(ServesAsync, "the proxy finds the instance again");

        async Task<bool> ServesAsync()
        {
            using var response = await http.GetAsync("/port", Token);
            return response.IsSuccessStatusCode;
        }
    }

    private static void AddDestinations(IReverseProxyBuilder yarp)
    {
        yarp.Services.AddServiceDiscovery();
        yarp.Services.AddEndpointProvider();
        yarp.AddServiceDiscoveryDestinationResolver();
    }

    private static void AddClient(IServiceCollection services)
    {
        services.AddServiceDiscovery();
        services.AddEndpointProvider();
        services.AddHttpClient("caller").AddServiceDiscovery();
    }

    private static void MapPort(WebApplication app, int server) =>
        app.MapGet("/port", (HttpContext context) => context.Connection.LocalPort.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>The different answers to some requests, all of which succeed.</summary>
    private static async Task<HashSet<string>> AnswersAsync(HttpClient http, Fleet? fleet, int requests)
    {
        var answers = new HashSet<string>();
        for (var request = 0; request < requests; request++)
        {
            answers.Add(await http.GetStringAsync(fleet is null ? "/port" : $"http://{fleet.Service}/port", Token));
        }

        return answers;
    }
}
