using System.Diagnostics;
using System.Globalization;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Many clients of etcd, each with a connection of its own, in five processes.</summary>
internal sealed class ClientProcesses : IAsyncDisposable
{
    /// <summary>The command of a process whose clients each register an instance of a service.</summary>
    public const string Hosts = "hosts";

    /// <summary>The command of a process whose clients each watch a service.</summary>
    public const string Readers = "readers";

    private const int Count = 5;
    private const string Ready = "ready";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Process> _processes = [];

    private ClientProcesses()
    {
    }

    /// <summary>Starts clients, and waits until all have registered or read the service.</summary>
    public static async Task<ClientProcesses> StartAsync(EtcdFleet fleet, string command, string service, int clients)
    {
        var started = new ClientProcesses();
        for (var number = 0; number < Count; number++)
        {
            started._processes.Add(BenchmarkProcess.Start(
                command, fleet.Server.Endpoint, service, (clients / Count).ToString(CultureInfo.InvariantCulture)));
        }

        foreach (var process in started._processes)
        {
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
            if (line != Ready)
            {
                throw new InvalidOperationException($"A process with {command} said '{line}'.");
            }
        }

        return started;
    }

    /// <summary>Runs in the processes.</summary>
    public static async Task RunAsync(string command, string endpoint, string service, int clients)
    {
        var ending = BenchmarkProcess.WaitForEndAsync();
        var started = await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            var client = new BenchmarkClient(endpoint);
            await (command == Hosts ? client.RegisterAsync(service) : client.ReadAsync(service));
            return client;
        }));
        Console.WriteLine(Ready);
        await ending;
        Console.WriteLine(string.Join(' ', started.Select(client => client.RegisteredAt)));
        await Task.WhenAll(started.Select(client => client.DisposeAsync().AsTask()));
    }

    /// <summary>Ends the clients.</summary>
    /// <returns>When each host registered last, as a timestamp of <see cref="Stopwatch"/>, which all processes share.</returns>
    public async Task<IReadOnlyList<long>> EndAsync()
    {
        var times = new List<long>();
        foreach (var process in _processes)
        {
            process.StandardInput.Close();
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
            times.AddRange(line!.Split(' ').Select(time => long.Parse(time, CultureInfo.InvariantCulture)));
        }

        return times;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(Patience);
            process.Dispose();
        }
    }
}
