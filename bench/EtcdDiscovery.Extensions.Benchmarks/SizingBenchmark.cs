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

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    // etcd's memory settles after the bursts of the start.
    private static readonly TimeSpan CalmingDown = TimeSpan.FromSeconds(10);

    public static async Task<Comparison> RunAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        var empty = await MeasureAsync(fleet.Server);
        Print("empty", empty);
        Use withHosts;
        await using (await ClientProcesses.StartAsync(fleet, ClientProcesses.Hosts, Service, Hosts))
        {
            withHosts = await MeasureAsync(fleet.Server);
            Print($"{Hosts:N0} idle hosts", withHosts, ("host", Hosts, empty));
        }

        var deserted = await MeasureAsync(fleet.Server);
        Print("empty again", deserted);
        await using (var store = fleet.NewStore())
        await using (var catalog = EtcdFleet.NewCatalog(store))
        {
            var resolver = EtcdFleet.NewResolver(catalog);
            foreach (var number in Enumerable.Range(0, Services))
            {
                await fleet.FillAsync($"{Service}-{number}", 1);
                await resolver.GetSnapshotAsync($"{Service}-{number}");
            }

            Print($"{Services:N0} services watched", await MeasureAsync(fleet.Server), ("watch", Services * WatchesPerService, deserted));
        }

        await fleet.FillAsync(Service, Hosts);
        await using (await ClientProcesses.StartAsync(fleet, ClientProcesses.Readers, Service, Readers))
        {
            var idle = await MeasureAsync(fleet.Server);
            Print($"{Readers:N0} idle readers", idle, ("reader", Readers, deserted));
            using var writer = ChurnWriter.Start(fleet, Service, Hosts, ChangesPerSecond);
            var changing = await MeasureAsync(fleet.Server);
            Print($"{Readers:N0} readers, {ChangesPerSecond} changes a second", changing);
            var perChange = (changing.Processor - idle.Processor) / 100 / ChangesPerSecond / Readers;
            Console.WriteLine(FormattableString.Invariant($"{perChange * 1_000_000:F1} µs of processor time for each change and reader"));
            writer.StandardInput.Close();
            await writer.WaitForExitAsync();
        }

        Console.WriteLine();
        return new Comparison(withHosts.Memory / empty.Memory, withHosts.Memory, empty.Memory, "MB-of-etcd");
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
