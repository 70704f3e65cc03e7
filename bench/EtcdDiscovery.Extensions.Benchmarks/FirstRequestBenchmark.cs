using System.Diagnostics;
using System.Diagnostics.Metrics;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Http;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Etcdserverpb;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// The delay from a put that lets a host take requests until a request through <see cref="HttpClient"/> reaches it, compared with the
/// delay until a bare watch reports the put. Requests are sent one after the other as soon as etcd has answered the put, to five hosts.
/// </summary>
internal static class FirstRequestBenchmark
{
    private const int Rounds = 1_000;
    private const int Hosts = 5;
    private const string Service = "shop";

    private static readonly ServiceInstance Joining = EtcdFleet.Instance(Service, Hosts - 1);

    public static async Task<Comparison> RunAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await using var store = fleet.NewStore();
        await using var catalog = EtcdFleet.NewCatalog(store);
        using var client = fleet.NewClient();
        var resolver = EtcdFleet.NewResolver(catalog);
        await fleet.FillAsync(Service, Hosts);
        await using var bare = await new BareReader(client).WatchAsync($"/services/{Service}/");
        using var invoker = NewInvoker(resolver, store);

        var (ours, baseline, afterPut) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = -Rounds / 4; round < Rounds; round++)
        {
            await fleet.PutAsync(PutOf(ServiceStatus.Maintenance));
            await bare.ReadAsync(CancellationToken.None);
            while (await IsServingAsync(resolver))
            {
                await Task.Yield();
            }

            var start = Stopwatch.GetTimestamp();
            var seen = SeeAsync(bare, start);
            await fleet.PutAsync(PutOf(ServiceStatus.Serving));
            var put = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            while (await SendAsync(invoker) != Joining.Hostname)
            {
                await Task.Yield();
            }

            var reached = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            var seenAfter = await seen;
            if (round >= 0)
            {
                ours.Add(reached);
                baseline.Add(seenAfter);
                afterPut.Add(reached - put);
            }
        }

        var result = Interleaved.ReportDelays(ours, baseline);
        Console.WriteLine(FormattableString.Invariant($"{Interleaved.Percentile(afterPut, 0.5):F3} ms after etcd answered the put (median)"));
        Console.WriteLine();
        return result;
    }

    private static HttpMessageInvoker NewInvoker(IServiceResolver resolver, IDiscoveryStore store) => new(new DiscoveryHandler(
        resolver,
        new CapitalizedNames(new ServiceDirectory(store), TimeProvider.System),
        new HttpDiscoveryOptions { IsOwn = true },
        new AttemptTelemetry(new Meter("EtcdDiscovery")),
        NullLogger<DiscoveryHandler>.Instance)
    {
        InnerHandler = new Echo(),
    });

    private static StorePut PutOf(ServiceStatus status) =>
        new(ServiceKeys.Instance(Service, Joining.Id), ServiceJson.Encode(Joining with { Status = status }));

    private static async Task<bool> IsServingAsync(IServiceResolver resolver) =>
        (await resolver.GetSnapshotAsync(Service)).Instances.Single(instance => instance.Id == Joining.Id).Status == ServiceStatus.Serving;

    private static async Task<double> SeeAsync(EtcdStream<WatchRequest, WatchResponse> stream, long start)
    {
        await stream.ReadAsync(CancellationToken.None);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<string?> SendAsync(HttpMessageInvoker invoker)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{Service}/");
        using var response = await invoker.SendAsync(request, CancellationToken.None);
        return response.ReasonPhrase;
    }

    /// <summary>Answers with the host that the request was sent to.</summary>
    private sealed class Echo : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { ReasonPhrase = request.RequestUri!.Host });
    }
}
