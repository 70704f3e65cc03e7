using System.Globalization;
using EtcdDiscovery.Benchmarks;

var benchmarks = new SortedDictionary<string, Func<Task<Comparison>>>(StringComparer.Ordinal)
{
    ["bootstrap"] = BootstrapBenchmark.RunAsync,
    ["churn"] = ChurnBenchmark.RunAsync,
    ["deploy"] = DeployBenchmark.RunAsync,
    ["fleet"] = FleetBenchmark.RunAsync,
    ["herd"] = HerdBenchmark.RunAsync,
    ["peers-http"] = PeerHttpBenchmark.RunAsync,
    ["peers-resolve"] = PeerResolveBenchmark.RunAsync,
    ["peers-store"] = PeerStoreBenchmark.RunAsync,
    ["propagation"] = PropagationBenchmark.RunAsync,
    ["http"] = HttpBenchmark.RunAsync,
    ["register"] = RegisterBenchmark.RunAsync,
    ["resolve"] = ResolveBenchmark.RunAsync,
    ["resolve-vs-read"] = ResolveVsReadBenchmark.RunAsync,
    ["sizing"] = SizingBenchmark.RunAsync,
};

switch (args)
{
    case [ChurnWriter.Command, var endpoint, var service, var instances, var pace]:
        await ChurnWriter.RunAsync(
            endpoint, service, int.Parse(instances, CultureInfo.InvariantCulture), int.Parse(pace, CultureInfo.InvariantCulture));
        return 0;
    case [ClientProcesses.Hosts or ClientProcesses.Readers, var endpoint, var service, var clients]:
        await ClientProcesses.RunAsync(args[0], endpoint, service, int.Parse(clients, CultureInfo.InvariantCulture));
        return 0;
}

// Compares with all peers in one run.
if (args is ["peers"])
{
    List<string> lines = [];
    foreach (var peer in benchmarks.Keys.Where(key => key.StartsWith("peers-", StringComparison.Ordinal)))
    {
        lines.Add((await benchmarks[peer]()).ResultLine(peer));
    }

    lines.ForEach(Console.WriteLine);
    return 0;
}

if (args is [var name, ..] && benchmarks.TryGetValue(name, out var runAsync))
{
    Console.WriteLine((await runAsync()).ResultLine(name));
    return 0;
}

Console.WriteLine("Benchmarks: " + string.Join(", ", benchmarks.Keys));
Console.WriteLine("All comparisons with peers in one run: peers");
return args.Length == 0 ? 0 : 2;
