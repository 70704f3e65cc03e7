using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ServiceDiscovery;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// The cost of finding an instance of a known service, compared with <c>Microsoft.Extensions.ServiceDiscovery</c>, whose endpoints come from
/// the configuration.
/// </summary>
internal static class PeerResolveBenchmark
{
    private const int Rounds = 500;
    private const int CallsPerRound = 2_000;

    public static readonly int[] Sizes = [1, 10, 100, 1_000];

    public static async Task<IReadOnlyList<(string What, Comparison Result)>> RunAsync()
    {
        await using var catalog = await WarmCatalog.CreateAsync(Sizes);
        await using var peer = new ServiceCollection()
            .AddSingleton<IConfiguration>(ConfigurationOf(Sizes))
            .AddServiceDiscovery()
            .AddLogging()
            .BuildServiceProvider();
        var endpoints = peer.GetRequiredService<ServiceEndpointResolver>();
        Console.WriteLine(Comparison.Header);
        var results = new List<(string What, Comparison Result)>();
        foreach (var size in Sizes)
        {
            var name = WarmCatalog.NameOf(size);
            var result = await Interleaved.CompareCallsAsync(
                Rounds, CallsPerRound, calls => Ours(catalog.Resolver, name, calls), calls => Theirs(endpoints, $"http://{name}", calls));
            var what = Describe(size);
            results.Add((what, result));
            var ours = Interleaved.AllocatedPerCall(calls => Ours(catalog.Resolver, name, calls), 100_000);
            var theirs = Interleaved.AllocatedPerCall(calls => Theirs(endpoints, $"http://{name}", calls), 100_000);
            Console.WriteLine(FormattableString.Invariant(
                $"{result.Row(what)}, {ours:F0} and {theirs:F0} bytes allocated per call"));
        }

        Console.WriteLine();
        return results;
    }

    /// <summary>Lists the endpoints of services of these sizes, by the names of <see cref="WarmCatalog"/>.</summary>
    public static IConfiguration ConfigurationOf(int[] sizes) => new ConfigurationBuilder()
        .AddInMemoryCollection(sizes.SelectMany(size => Enumerable.Range(0, size).Select(number => KeyValuePair.Create<string, string?>(
            string.Create(CultureInfo.InvariantCulture, $"Services:{WarmCatalog.NameOf(size)}:http:{number}"),
            string.Create(CultureInfo.InvariantCulture, $"http://10.0.{number / 250}.{number % 250}:8080")))))
        .Build();

    public static string Describe(int size) => FormattableString.Invariant($"{size:N0} instance{(size == 1 ? "" : "s")}");

    private static void Ours(IServiceResolver resolver, string name, int calls)
    {
        for (var call = 0; call < calls; call++)
        {
            var finding = resolver.GetInstanceAsync(name);
            _ = finding.IsCompletedSuccessfully ? finding.Result : finding.AsTask().GetAwaiter().GetResult();
        }
    }

    private static void Theirs(ServiceEndpointResolver resolver, string name, int calls)
    {
        for (var call = 0; call < calls; call++)
        {
            var finding = resolver.GetEndpointsAsync(name, CancellationToken.None);
            var found = finding.IsCompletedSuccessfully ? finding.Result : finding.AsTask().GetAwaiter().GetResult();
            _ = found.Endpoints[Random.Shared.Next(found.Endpoints.Count)];
        }
    }
}
