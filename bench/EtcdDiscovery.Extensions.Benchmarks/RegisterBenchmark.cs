using EtcdDiscovery.Etcd;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// Measures how much registering costs compared with the minimum of two requests: one grants a lease, and one writes the instance and
/// the service description in a transaction. Also measures the load that an idle registered host puts on etcd.
/// </summary>
/// <remarks>
/// The measured time starts with <see cref="IServiceRegistry.Register"/> and ends when
/// <see cref="IServiceRegistration.WaitUntilRegisteredAsync"/> completes: etcd has answered the transaction, so others can see the
/// instance. The library and the baseline use the same connection and write the same bytes. Here, etcd syncs to disk, as it does by
/// default. Without syncing, the cost that both have in common is lower, so the ratio is higher (1.4 instead of 1.25).
/// </remarks>
internal static class RegisterBenchmark
{
    private const int Rounds = 400;

    public static async Task<Comparison> RunAsync()
    {
        var binary = Environment.GetEnvironmentVariable("ETCD_BIN")
            ?? throw new InvalidOperationException("ETCD_BIN is not set: run eng/bench.sh, which downloads etcd and sets it.");
        await using var server = await EtcdServer.StartAsync(binary, waitsForDisk: true);
        await using var store = new EtcdStore(
            new EtcdOptions { Endpoints = [server.Endpoint] }, TimeProvider.System, NullLoggerFactory.Instance);
        var calls = new RegisterCalls(store);

        Console.WriteLine(Comparison.Header);
        var first = await Interleaved.CompareAsync(Rounds, "ms", calls.OursAsync, calls.BaselineAsync);
        Console.WriteLine(first.Row("first host of a service"));
        Console.WriteLine((await Interleaved.CompareAsync(Rounds, "ms", calls.OursAgainAsync, calls.BaselineAgainAsync))
            .Row("further host of a service"));
        Console.WriteLine();
        await IdleHosts.ReportAsync(server);
        Console.WriteLine();
        return first;
    }
}
