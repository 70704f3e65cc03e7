using System.Net;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>The standard handlers of <c>Microsoft.Extensions.Http.Resilience</c> as outer handlers of discovery.</summary>
public sealed class ResilienceTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Retries_OneOfTwoServersRefuses_GoToTheOther()
    {
        await using var fleet = await StartAsync(refusing: 1, size: 2);
        var http = await ClientAsync(fleet, client => client.AddStandardResilienceHandler(options =>
        {
            options.Retry.Delay = TimeSpan.FromMilliseconds(1);
            options.CircuitBreaker.MinimumThroughput = int.MaxValue;
        }));

        await AssertAllSucceedAsync(http, fleet, requests: 100);
    }

    [Fact]
    public async Task Hedges_OneOfTwoServersHangs_GoToTheOther()
    {
        await using var fleet = await StartHangingAsync(hanging: 1, size: 2);
        var caller = await CallerAsync(fleet, client => client.AddStandardHedgingHandler().Configure(options =>
        {
            options.Hedging.Delay = TimeSpan.FromMilliseconds(50);
            options.Hedging.MaxHedgedAttempts = 1;
        }));

        await AssertAllSucceedAsync(ClientOf(caller), fleet, requests: 30);

        // The slower of two hedged attempts is canceled, which is not a failure.
        Assert.Equal(0, caller.Ejections());
    }

    [Fact]
    public async Task Attempts_AttemptTimeoutExpires_CountAsFailuresOfTheInstance()
    {
        await using var fleet = await StartHangingAsync(hanging: 1, size: 2);
        var caller = await CallerAsync(fleet, client => client.AddStandardResilienceHandler(options =>
        {
            options.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(200);
            options.Retry.Delay = TimeSpan.FromMilliseconds(1);
            options.CircuitBreaker.MinimumThroughput = int.MaxValue;
        }));

        await AssertAllSucceedAsync(ClientOf(caller), fleet, requests: 20);

        Assert.InRange(caller.Ejections(), 1, 20);
    }

    [Fact]
    public async Task LastAttempt_AttemptTimeoutExpires_CountsAsFailureOfTheInstance()
    {
        await using var fleet = await StartHangingAsync(hanging: 0, size: 1);
        var caller = await CallerAsync(fleet, client => client.AddStandardResilienceHandler(options =>
        {
            options.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(200);
            options.Retry.ShouldHandle = _ => ValueTask.FromResult(false);
        }));

        await Assert.ThrowsAnyAsync<Exception>(() => ClientOf(caller).GetAsync(new Uri($"http://{fleet.Service}/items"), Token));

        Assert.Single(caller.Ejected());
    }

    [Fact]
    public async Task Requests_CanceledByTheCaller_DoNotCountAsFailuresOfTheInstance()
    {
        await using var fleet = await StartHangingAsync(hanging: 0, size: 1);
        var caller = await CallerAsync(fleet, client => client.AddStandardResilienceHandler());
        for (var request = 0; request < 5; request++)
        {
            using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var call = ClientOf(caller).GetAsync(new Uri($"http://{fleet.Service}/items"), cancelling.Token);
            await cancelling.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        Assert.Equal(0, caller.Ejections());
    }

    [Fact]
    public async Task Request_MisspelledServiceName_IsNotRetried()
    {
        await using var fleet = await StartAsync(refusing: -1, size: 1);
        var retries = 0;
        var http = await ClientAsync(fleet, client => client.AddStandardResilienceHandler(options => options.Retry.OnRetry = _ =>
        {
            Interlocked.Increment(ref retries);
            return default;
        }));

        var error = await Assert.ThrowsAnyAsync<Exception>(() => http.GetAsync(new Uri($"http://{fleet.Service}-misspelt/items"), Token));

        Assert.True(Product.IsServiceNotFound(error), error.ToString());
        Assert.Contains($"{fleet.Service}-misspelt", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, retries);
    }

    [Fact]
    public async Task Requests_OneOfThreeServersKilled_Succeed()
    {
        await using var fleet = await StartAsync(refusing: -1, size: 3);
        var http = await ClientAsync(fleet, client => client.AddStandardResilienceHandler());

        await AssertAllSucceedAsync(http, fleet, requests: 20);
        await fleet.KillAsync(2);
        await AssertAllSucceedAsync(http, fleet, requests: 40);
    }

    [Fact]
    public async Task HedgedRequests_OneOfThreeServersKilled_Succeed()
    {
        await using var fleet = await StartAsync(refusing: -1, size: 3);
        var http = await ClientAsync(fleet, client => client.AddStandardHedgingHandler());

        await AssertAllSucceedAsync(http, fleet, requests: 20);
        await fleet.KillAsync(2);
        await AssertAllSucceedAsync(http, fleet, requests: 40);
    }

    private Task<Fleet> StartAsync(int refusing, int size) => Fleet.StartAsync(
        etcd,
        (app, server) => app.MapGet("/items", () => Results.StatusCode(server == refusing ? StatusCodes.Status503ServiceUnavailable : 200)),
        size: size);

    private Task<Fleet> StartHangingAsync(int hanging, int size) => Fleet.StartAsync(
        etcd,
        (app, server) => app.MapGet("/items", async (HttpContext context) =>
        {
            await Task.Delay(server == hanging ? Timeout.Infinite : 0, context.RequestAborted);
            return "ok";
        }),
        size: size);

    private static Task<IServiceProvider> CallerAsync(Fleet fleet, Action<IHttpClientBuilder> configure) =>
        fleet.StartCallerAsync(services => configure(services.AddHttpClient("caller").AddDiscovery()));

    private static async Task<HttpClient> ClientAsync(Fleet fleet, Action<IHttpClientBuilder> configure) =>
        ClientOf(await CallerAsync(fleet, configure));

    private static HttpClient ClientOf(IServiceProvider caller) => caller.GetRequiredService<IHttpClientFactory>().CreateClient("caller");

    private static async Task AssertAllSucceedAsync(HttpClient http, Fleet fleet, int requests)
    {
        var failed = 0;
        for (var request = 0; request < requests; request++)
        {
            using var response = await http.GetAsync(new Uri($"http://{fleet.Service}/items"), Token);
            failed += response.StatusCode == HttpStatusCode.OK ? 0 : 1;
        }

        Assert.Equal(0, failed);
    }
}
