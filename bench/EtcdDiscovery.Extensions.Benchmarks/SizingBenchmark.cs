using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// What clients cost an etcd: the memory and processor time of 1,000 idle hosts, of watches, and of delivering changes to readers.
/// docs/sizing.md extrapolates these figures.
/// </summary>
internal static class SizingBenchmark
{
    private const string Service = "sizing";
    private const int Hosts = 1_000;
    private const int Readers = 100;
    private const int Services = 1_000;
    private const int ChangesPerSecond = 100;

    // Each reader follows the instances and the description of a service.
    private const int WatchesPerService = 2;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    // etcd's memory settles after the bursts of the start.
    private static readonly TimeSpan CalmingDown = TimeSpan.FromSeconds(10);

    public static async Task<Comparison> RunAsync()
    {
        var (empty, hosts) = await MeasureHostsAsync();
        await MeasureWatchesAsync();
        await MeasureReadersAsync();
        Console.WriteLine();
        return new Comparison(hosts.Memory / empty.Memory, hosts.Memory, empty.Memory, "MB-of-etcd");
    }

    private static async Task<(Use Empty, Use Hosts)> MeasureHostsAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        var empty = await MeasureAsync(fleet.Server);
        Print("empty", empty);
        await using var clients = await ClientProcesses.StartAsync(fleet, ClientProcesses.Hosts, Service, Hosts);
        var hosts = await MeasureAsync(fleet.Server);
        Print($"{Hosts:N0} idle hosts", hosts, ("host", Hosts, empty));
        return (empty, hosts);
    }

    private static async Task MeasureWatchesAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        foreach (var number in Enumerable.Range(0, Services))
        {
            await fleet.FillAsync($"{Service}-{number}", 1);
        }

        var before = await MeasureAsync(fleet.Server);
        Print($"{Services:N0} services", before);
        await using var store = fleet.NewStore();
        await using var catalog = EtcdFleet.NewCatalog(store);
        var resolver = EtcdFleet.NewResolver(catalog);
        foreach (var number in Enumerable.Range(0, Services))
        {
            await resolver.GetSnapshotAsync($"{Service}-{number}");
        }

        Print($"{Services:N0} services, watched by one reader", await MeasureAsync(fleet.Server), ("watch", Services * WatchesPerService, before));
    }

    private static async Task MeasureReadersAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await fleet.FillAsync(Service, Hosts);
        var before = await MeasureAsync(fleet.Server);
        Print($"{Hosts:N0} instances of a service", before);
        await using var clients = await ClientProcesses.StartAsync(fleet, ClientProcesses.Readers, Service, Readers);
        var idle = await MeasureAsync(fleet.Server);
        Print($"{Readers:N0} idle readers of it", idle, ("reader", Readers, before));
        using var writer = ChurnWriter.Start(fleet, Service, Hosts, ChangesPerSecond);
        var changing = await MeasureAsync(fleet.Server);
        writer.StandardInput.Close();
        await writer.WaitForExitAsync();
        Print($"{ChangesPerSecond} changes a second", changing);
        var perChange = (changing.Processor - idle.Processor) / 100 / ChangesPerSecond / Readers;
        Console.WriteLine(FormattableString.Invariant($"{perChange * 1_000_000:F1} µs of processor time for each change and reader"));
    }

    private static void Print(string what, Use use, (string Name, int Count, Use Before)? each = null)
    {
        var share = each is var (name, count, before)
            ? FormattableString.Invariant($"{(use.Memory - before.Memory) * 1_000 / count,10:F1} KB per {name}")
            : "";
        Console.WriteLine(FormattableString.Invariant($"{what,-40}{use.Memory,8:F0} MB{use.Processor,8:F1} % of one core{share}"));
    }

    private static async Task<Use> MeasureAsync(EtcdServer server)
    {
        await Task.Delay(CalmingDown);
        var before = await server.GetMetricAsync("process_cpu_seconds_total");
        await Task.Delay(Window);
        var used = await server.GetMetricAsync("process_cpu_seconds_total") - before;
        return new Use(await server.GetMetricAsync("process_resident_memory_bytes") / 1_000_000, 100 * used / Window.TotalSeconds);
    }

    /// <param name="Memory">The resident memory of etcd, in MB.</param>
    /// <param name="Processor">Its processor time, in percent of one core.</param>
    private sealed record Use(double Memory, double Processor);
}
