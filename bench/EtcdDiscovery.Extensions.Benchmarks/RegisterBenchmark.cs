using EtcdDiscovery.Etcd;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// What registering adds to the two requests that it must make at least: to grant a lease, and to put the instance and
/// the service's description in one transaction. And what a registered host costs etcd that does nothing else.
/// </summary>
/// <remarks>
/// A registration starts with <see cref="IServiceRegistry.Register"/> and is visible when etcd has answered its
/// transaction, which is when <see cref="IServiceRegistration.WaitUntilRegisteredAsync"/> completes. Both sides use the
/// same connection and put the same bytes. This etcd waits for its disk, as it does unless told otherwise; with
/// one that does not, what both sides share takes less time, and the ratio gets larger (1.4 where this is 1.25).
/// </remarks>
internal static class RegisterBenchmark
{
    private const int Rounds = 400;

    public static async Task<Comparison> RunAsync()
    {
        var binary = Environment.GetEnvironmentVariable("ETCD_BIN")
            ?? throw new InvalidOperationException("ETCD_BIN is not set: run eng/bench.sh, which fetches etcd and sets it.");
        await using var server = await EtcdServer.StartAsync(binary, waitsForDisk: true);
        await using var store = new EtcdStore(
            new EtcdOptions { Endpoints = [server.Endpoint] }, TimeProvider.System, NullLoggerFactory.Instance);
        var calls = new RegisterCalls(store);

        Console.WriteLine(Comparison.Header);
        var first = await Interleaved.CompareAsync(Rounds, "ms", calls.OursAsync, calls.BaselineAsync);
        Console.WriteLine(first.Row("a service's first host"));
        Console.WriteLine((await Interleaved.CompareAsync(Rounds, "ms", calls.OursAgainAsync, calls.BaselineAgainAsync))
            .Row("a further host of a service"));
        Console.WriteLine();
        await IdleHosts.ReportAsync(server);
        Console.WriteLine();
        return first;
    }
}
