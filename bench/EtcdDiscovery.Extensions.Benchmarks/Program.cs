using System.Globalization;
using EtcdDiscovery.Benchmarks;

var benchmarks = new SortedDictionary<string, Func<Task<Comparison>>>(StringComparer.Ordinal)
{
    ["bootstrap"] = BootstrapBenchmark.RunAsync,
    ["churn"] = ChurnBenchmark.RunAsync,
    ["deploy"] = DeployBenchmark.RunAsync,
    ["doorways"] = DoorwaysBenchmark.RunAsync,
    ["first-request"] = FirstRequestBenchmark.RunAsync,
    ["fleet"] = FleetBenchmark.RunAsync,
    ["herd"] = HerdBenchmark.RunAsync,
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
    case ["peers", .. var options]:
        await Peers.RunAsync(name: null, options is ["--chart", var directory] ? directory : null);
        return 0;
    case [var peer] when Peers.Names.Contains(peer):
        await Peers.RunAsync(peer, charts: null);
        return 0;
}

if (args is [var name, ..] && benchmarks.TryGetValue(name, out var runAsync))
{
    Console.WriteLine((await runAsync()).ResultLine(name));
    return 0;
}

Console.WriteLine("Benchmarks: " + string.Join(", ", benchmarks.Keys.Concat(Peers.Names).Order(StringComparer.Ordinal)));
Console.WriteLine("All comparisons with peers in one run: peers [--chart DIRECTORY]");
return args.Length == 0 ? 0 : 2;
