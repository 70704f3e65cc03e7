using EtcdDiscovery.Etcd;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// The cost that registering adds to the two requests that it needs at least: granting a lease, and writing the instance and the
/// service description in one transaction. Also the load of an idle registered host on etcd.
/// </summary>
/// <remarks>
/// A registration starts with <see cref="IServiceRegistry.Register"/>. It is visible to others when etcd has answered its transaction; that is
/// when <see cref="IServiceRegistration.WaitUntilRegisteredAsync"/> completes. Both sides use the same connection and write the same bytes.
/// This etcd syncs to disk, which is its default. Without syncing, the shared part of the cost is smaller, so the ratio is higher (1.4
/// instead of 1.25).
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
