using System.Globalization;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Measures the load on etcd of registered hosts that are idle, by etcd's own counters.</summary>
internal static class IdleHosts
{
    private const int Hosts = 20;

    // Contains twelve renewals at the default time to live.
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    // Starts after the puts, because etcd writes its version to the store some seconds after it has started.
    private static readonly TimeSpan CalmingDown = TimeSpan.FromSeconds(3);

    public static async Task ReportAsync(EtcdServer server)
    {
        var hosts = new List<(EtcdStore Store, SessionLoop Session)>();
        for (var number = 0; number < Hosts; number++)
        {
            var store = new EtcdStore(
                new EtcdOptions { Endpoints = [server.Endpoint] }, TimeProvider.System, NullLoggerFactory.Instance);
            var (session, registry) = RegisterCalls.CreateRegistry(store);
            hosts.Add((store, session));
            await registry.Register(RegisterCalls.OptionsOf("idle")).WaitUntilRegisteredAsync();
        }

        await Task.Delay(CalmingDown);
        var before = await EtcdCounters.ReadAsync(server);
        await Task.Delay(Window);
        var after = await EtcdCounters.ReadAsync(server);

        var perHostAndMinute = 1 / (Hosts * Window.TotalMinutes);
        string Rate(Func<EtcdCounters, double> counter) =>
            ((counter(after) - counter(before)) * perHostAndMinute).ToString("F1", CultureInfo.InvariantCulture);
        Console.WriteLine($"Load on etcd of one idle registered host per minute ({Hosts} hosts, measured for {Window.TotalSeconds} s):");
        Console.WriteLine($"{"  raft writes (goal 0)",-40}{Rate(counters => counters.RaftWrites),8}");
        Console.WriteLine($"{"  requests in streams (lease renewals)",-40}{Rate(counters => counters.Messages - counters.Calls),8}");
        Console.WriteLine($"{"  calls (streams opened, other requests)",-40}{Rate(counters => counters.Calls),8}");

        foreach (var (store, session) in hosts)
        {
            await session.DisposeAsync();
            await store.DisposeAsync();
        }
    }
}
