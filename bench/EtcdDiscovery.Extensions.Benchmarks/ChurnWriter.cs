using System.Diagnostics;
using System.Globalization;
using EtcdDiscovery.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Changes instances at a steady rate, in a process of its own.</summary>
internal static class ChurnWriter
{
    public const string Command = "churn-writer";

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    public static Process Start(EtcdFleet fleet, string service, int instances, int changesPerSecond) => BenchmarkProcess.Start(
        Command,
        fleet.Server.Endpoint,
        service,
        instances.ToString(CultureInfo.InvariantCulture),
        changesPerSecond.ToString(CultureInfo.InvariantCulture));

    public static async Task RunAsync(string endpoint, string service, int instances, int changesPerSecond)
    {
        await using var store = new EtcdStore(
            new EtcdOptions { Endpoints = [endpoint] }, TimeProvider.System, NullLoggerFactory.Instance);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromHours(1), CancellationToken.None);
        var ending = BenchmarkProcess.WaitForEndAsync();
        var start = Stopwatch.GetTimestamp();
        var number = 0;
        var puts = new Queue<Task>();
        using var timer = new PeriodicTimer(Pace);
        while (!ending.IsCompleted && await timer.WaitForNextTickAsync())
        {
            var due = (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * changesPerSecond);
            for (; number < due; number++)
            {
                var stamp = Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);
                puts.Enqueue(session.TryPutAsync([EtcdFleet.Put(service, number * 7 % instances, stamp)], CancellationToken.None));
            }

            // At most one second's worth of changes is in flight.
            while (puts.Count > changesPerSecond || puts.TryPeek(out var oldest) && oldest.IsCompleted)
            {
                await puts.Dequeue();
            }
        }

        await Task.WhenAll(puts);
    }
}
