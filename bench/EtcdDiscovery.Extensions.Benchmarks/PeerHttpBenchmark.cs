using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// What discovery adds to a request of HttpClientFactory, compared with what <c>Microsoft.Extensions.ServiceDiscovery</c> adds. All three
/// clients, including the one without discovery, have the same primary handler, which answers at once.
/// </summary>
internal static class PeerHttpBenchmark
{
    private const int Rounds = 500;
    private const int CallsPerRound = 500;
    private const string WithOurs = "ours";
    private const string WithTheirs = "theirs";
    private const string Without = "none";

    private static readonly string[] Paths = [.. Enumerable.Range(100, 100).Select(item => FormattableString.Invariant($"/items/{item}"))];

    public static async Task<IReadOnlyList<(string What, Comparison Result)>> RunAsync()
    {
        await using var catalog = await WarmCatalog.CreateAsync(PeerResolveBenchmark.Sizes);
        var services = new ServiceCollection()
            .AddSingleton<IConfiguration>(PeerResolveBenchmark.ConfigurationOf(PeerResolveBenchmark.Sizes))
            .AddSingleton(catalog.Resolver)
            .AddSingleton(catalog.Directory);
        services.AddEtcdDiscovery().UseInMemoryStore();
        services.AddServiceDiscovery();
        services.AddHttpClient(Without).ConfigurePrimaryHttpMessageHandler(() => new AtOnce()).RemoveAllLoggers();
        services.AddHttpClient(WithOurs).ConfigurePrimaryHttpMessageHandler(() => new AtOnce()).RemoveAllLoggers().AddEtcdDiscovery();
        services.AddHttpClient(WithTheirs).ConfigurePrimaryHttpMessageHandler(() => new AtOnce()).RemoveAllLoggers().AddServiceDiscovery();
        await using var provider = services.BuildServiceProvider();
        Console.WriteLine(Comparison.Header);
        var results = new List<(string What, Comparison Result)>();
        foreach (var size in PeerResolveBenchmark.Sizes)
        {
            var url = $"http://{WarmCatalog.NameOf(size)}";
            using var ours = InvokerOf(provider, WithOurs);
            using var theirs = InvokerOf(provider, WithTheirs);
            using var none = InvokerOf(provider, Without);
            var bare = new HttpCalls(none, url, Paths);
            var result = await Interleaved.CompareAsync(
                Rounds, "ns", () => new(Added(new HttpCalls(ours, url, Paths), bare)), () => new(Added(new HttpCalls(theirs, url, Paths), bare)));
            var what = PeerResolveBenchmark.Describe(size);
            results.Add((what, result));
            Console.WriteLine(result.Row($"added, {what}"));
        }

        Console.WriteLine();
        return results;
    }

    private static HttpMessageInvoker InvokerOf(IServiceProvider provider, string client) =>
        new(provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(client), disposeHandler: false);

    private static double Added(HttpCalls calls, HttpCalls bare) =>
        Interleaved.TimePerCall(calls.Make, CallsPerRound) - Interleaved.TimePerCall(bare.Make, CallsPerRound);
}
