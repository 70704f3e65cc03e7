using EtcdDiscovery.Benchmarks;

var benchmarks = new SortedDictionary<string, Func<Task<Comparison>>>(StringComparer.Ordinal)
{
    ["register"] = RegisterBenchmark.RunAsync,
    ["resolve"] = ResolveBenchmark.RunAsync,
};

if (args is [var name, ..] && benchmarks.TryGetValue(name, out var runAsync))
{
    Console.WriteLine((await runAsync()).ResultLine(name));
    return 0;
}

Console.WriteLine("Benchmarks: " + string.Join(", ", benchmarks.Keys));
return args.Length == 0 ? 0 : 2;
