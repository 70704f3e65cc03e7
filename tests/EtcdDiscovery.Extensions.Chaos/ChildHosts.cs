using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Chaos;

/// <summary>The hosts of a child process: ordinary applications that only register themselves.</summary>
internal static class ChildHosts
{
    public const string Service = "chaos";
    public const string Prefix = $"/services/{Service}/";
    public const string Ready = "ready";

    // Unobserved task exceptions are raised when the task is garbage-collected.
    private static readonly TimeSpan CollectionPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Runs until the process receives a signal to stop or its parent process exits.</summary>
    /// <param name="args">
    /// The names of the hosts and the endpoints of etcd (both comma-separated), the API and, for the self-test, a <see cref="BreakageKind"/>.
    /// </param>
    public static async Task<int> RunAsync(string[] args)
    {
        TaskScheduler.UnobservedTaskException += (_, unobserved) =>
            Environment.FailFast("The exception of a task was not observed.", unobserved.Exception);
        var endpoints = args[1].Split(',');
        var api = Enum.Parse<EtcdApi>(args[2]);
        var hosts = args[0].Split(',').Select(name => Build(name, endpoints, api, Bounds.TimeToLive)).ToList();
        await Task.WhenAll(hosts.Select(host => host.StartAsync()));
        if (args is [var broken, _, _, var breakage])
        {
            await using var etcd = RawEtcd.Create(api, endpoints);
            hosts.AddRange(await Breakage.BreakAsync(
                Enum.Parse<BreakageKind>(breakage), hosts[0], timeToLive => Build(broken, endpoints, api, timeToLive), etcd));
        }

        Console.WriteLine(Ready);
        new Thread(EndWithParent) { IsBackground = true }.UnsafeStart();
        using var collecting = new Timer(_ => GC.Collect(), null, CollectionPeriod, CollectionPeriod);
        await Task.WhenAll(hosts.Select(host => host.WaitForShutdownAsync()));
        return 0;
    }

    private static IHost Build(string name, string[] endpoints, EtcdApi api, TimeSpan timeToLive)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["EtcdDiscovery:Store"] = api == EtcdApi.V2 ? "EtcdV2" : "Etcd",
            ["EtcdDiscovery:TimeToLive"] = timeToLive.ToString(),
            ["EtcdDiscovery:Service:Name"] = Service,
            ["EtcdDiscovery:Service:Hostname"] = name,
            ["EtcdDiscovery:Service:Ports:http"] = "80",
        });
        builder.Configuration.AddInMemoryCollection(endpoints.Select((endpoint, index) => KeyValuePair.Create<string, string?>(
            string.Create(CultureInfo.InvariantCulture, $"EtcdDiscovery:Etcd:Endpoints:{index}"), endpoint)));
        builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, $"HH:mm:ss.fff '{name}' "));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).SetMinimumLevel(LogLevel.Debug);
        builder.Logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddEtcdDiscovery();
        return builder.Build();
    }

    private static void EndWithParent()
    {
        while (Console.In.Read() >= 0)
        {
        }

        Environment.Exit(3);
    }
}
