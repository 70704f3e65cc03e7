using System.Net.Sockets;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Http;

/// <summary>The handler reports the start, the end and the outcome of each attempt to the resolver.</summary>
public sealed class OutstandingCallTests
{
    private const int Instances = 4;

    private static readonly Uri Items = new("http://catalog/items");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PickerSource.Services)]
    [InlineData(PickerSource.Options)]
    [InlineData(PickerSource.Default)]
    public async Task Requests_InFlight_AreOutstandingForEveryPickerSource(PickerSource source)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var primary = new RecordingHandler(async (_, token) =>
        {
            await gate.Task.WaitAsync(token);
            return new HttpResponseMessage();
        });
        await using var fleet = await StartAsync(primary, source);
        using var http = fleet.Http;

        var requests = Enumerable.Range(0, 200).Select(_ => http.GetAsync(Items, Token)).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(primary.Requests.Count == 200), "all requests are in flight");

        var counts = await OutstandingAsync(fleet);
        Assert.Equal(200, counts.Sum());
        if (source != PickerSource.Default)
        {
            // The power of two choices keeps the counts close together; random picks rarely do.
            Assert.InRange(counts.Max() - counts.Min(), 0, 6);
        }

        gate.SetResult();
        Array.ForEach(await Task.WhenAll(requests), response => response.Dispose());
        Assert.Equal([0, 0, 0, 0], await OutstandingAsync(fleet));
    }

    [Fact]
    public async Task Attempt_Failed_IsNotOutstandingDuringTheNext()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var attempts = 0;
        using var primary = new RecordingHandler(async (_, token) =>
        {
            if (Interlocked.Increment(ref attempts) == 1)
            {
                throw Refused();
            }

            await gate.Task.WaitAsync(token);
            return new HttpResponseMessage();
        });
        await using var fleet = await StartAsync(primary);

        var request = fleet.Http.GetAsync(Items, Token);
        await Eventually.TrueAsync(() => Task.FromResult(primary.Requests.Count == 2), "the second attempt is in flight");

        var counts = await OutstandingAsync(fleet);
        Assert.Equal((Instances - 1, 1), (counts.Count, counts.Sum()));
        gate.SetResult();
        using var response = await request;
        Assert.Equal(0, (await OutstandingAsync(fleet)).Sum());
    }

    [Fact]
    public async Task Request_CancelledByTheCaller_DoesNotEjectTheInstance()
    {
        using var primary = new RecordingHandler(async (_, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            throw Refused();
        });
        await using var fleet = await StartAsync(primary);

        for (var i = 0; i < 20; i++)
        {
            using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var request = fleet.Http.GetAsync(Items, cancelling.Token);
            await cancelling.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        }

        Assert.Equal([0, 0, 0, 0], await OutstandingAsync(fleet));
    }

    [Fact]
    public async Task Redirect_ToAServerThatFails_CountsAsSuccess()
    {
        using var primary = new RecordingHandler((request, _) =>
        {
            request.RequestUri = new Uri("http://elsewhere.example/");
            throw Refused();
        });
        await using var fleet = await StartAsync(primary);

        for (var i = 0; i < 20; i++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => fleet.Http.GetAsync(Items, Token));
        }

        Assert.Equal([0, 0, 0, 0], await OutstandingAsync(fleet));
    }

    private static async Task<HttpFleet> StartAsync(RecordingHandler primary, PickerSource source = PickerSource.Default)
    {
        var fleet = await HttpFleet.StartAsync(configure: client =>
        {
            client.ConfigurePrimaryHttpMessageHandler(() => primary);
            if (source == PickerSource.Services)
            {
                client.Services.AddSingleton<IInstancePicker>(InstancePickers.PowerOfTwoChoices);
            }
            else if (source == PickerSource.Options)
            {
                client.Services.Configure<EtcdDiscoveryOptions>(options => options.Balancing = InstanceBalancing.PowerOfTwoChoices);
            }
        });
        foreach (var host in Enumerable.Range(1, Instances))
        {
            await fleet.RegisterAsync("catalog", "http=80", $"10.0.0.{host}");
        }

        return fleet;
    }

    private static async Task<IReadOnlyList<int>> OutstandingAsync(HttpFleet fleet)
    {
        var probe = new OutstandingProbe();
        await fleet.Services.GetRequiredService<IServiceResolver>().GetInstanceAsync("catalog", new() { Picker = probe }, Token);
        return probe.Counts;
    }

    private static HttpRequestException Refused() =>
        new(HttpRequestError.ConnectionError, "refused", new SocketException((int)SocketError.ConnectionRefused));

    public enum PickerSource
    {
        Services,
        Options,
        Default,
    }
}
