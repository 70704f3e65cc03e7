using System.Diagnostics.Metrics;
using EtcdDiscovery.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// The cost that the <see cref="HttpClient"/> handler adds to a request, over a primary handler that answers immediately, compared with
/// that handler alone. As in an application, each request and its URL are new.
/// </summary>
internal static class HttpBenchmark
{
    private const int Rounds = 1_000;
    private const int CallsPerRound = 1_000;

    private static readonly string[] OnePath = ["/items?page=2"];
    private static readonly string[] ManyPaths = [.. Enumerable.Range(100, 100).Select(item => FormattableString.Invariant($"/items/{item}"))];

    public static async Task<Comparison> RunAsync()
    {
        int[] sizes = [1, 10, 100, 1_000];
        await using var catalog = await WarmCatalog.CreateAsync(sizes);
        Console.WriteLine(Comparison.Header);
        var results = new List<Comparison>();
        foreach (var size in sizes)
        {
            var name = WarmCatalog.NameOf(size);
            var what = FormattableString.Invariant($"{size:N0} instances");
            results.Add(await CompareAsync($"{what}, one path", catalog, name, OnePath, new AtOnce()));
            results.Add(await CompareAsync($"{what}, many paths", catalog, name, ManyPaths, new AtOnce()));
        }

        await CompareAsync("100 instances, many paths, async answer", catalog, WarmCatalog.NameOf(100), ManyPaths, new Later());
        await CompareAsync("not a service (127.0.0.1)", catalog, "127.0.0.1", ManyPaths, new AtOnce());
        using (Listen())
        {
            await CompareAsync("100 instances, one path, with a meter listener", catalog, WarmCatalog.NameOf(100), OnePath, new AtOnce());
        }

        Console.WriteLine();
        return results.MaxBy(result => result.Ours - result.Baseline)!;
    }

    // Adds up, as OpenTelemetry's SDK does.
    private static MeterListener Listen()
    {
        var attempts = 0L;
        var listener = new MeterListener { InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref attempts, value));
        listener.Start();
        return listener;
    }

    private static async Task<Comparison> CompareAsync(
        string what, WarmCatalog catalog, string host, string[] paths, HttpMessageHandler primary)
    {
        var names = new CapitalizedNames(catalog.Directory, TimeProvider.System);
        var handler = new DiscoveryHandler(catalog.Resolver, names, new HttpDiscoveryOptions { IsOwn = true }, new AttemptTelemetry(new Meter("EtcdDiscovery")), NullLogger<DiscoveryHandler>.Instance)
        {
            InnerHandler = primary,
        };
        using var invoker = new HttpMessageInvoker(handler);
        using var baselineInvoker = new HttpMessageInvoker(primary);
        var ours = new HttpCalls(invoker, $"http://{host}", paths);
        var baseline = new HttpCalls(baselineInvoker, $"http://{host}", paths);
        var result = await Interleaved.CompareCallsAsync(Rounds, CallsPerRound, ours.Make, baseline.Make);
        var bytes = Interleaved.AllocatedPerCall(ours.Make, 100_000) - Interleaved.AllocatedPerCall(baseline.Make, 100_000);
        Console.WriteLine(FormattableString.Invariant(
            $"{result.Row(what)}: {result.Ours - result.Baseline:F0} ns and {bytes:F0} bytes more per request"));
        return result;
    }

    private sealed class Later : HttpMessageHandler
    {
        private readonly HttpResponseMessage _answer = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return _answer;
        }
    }
}
