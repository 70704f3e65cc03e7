using System.Diagnostics;
using System.Reflection;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A separate process that registers a service (samples/Shop/Catalog), to freeze and to kill.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServiceProcess(Process process) => _process = process;

    public static ServiceProcess Start(EtcdServer server, string service, string timeToLive)
    {
        var assembly = typeof(ServiceProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "Catalog").Value!;
        return new ServiceProcess(Process.Start(new ProcessStartInfo("dotnet", [assembly])
        {
            WorkingDirectory = Path.GetDirectoryName(assembly),
            Environment =
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["Logging__LogLevel__Default"] = "None",
                ["EtcdDiscovery__Store"] = "Etcd",
                ["EtcdDiscovery__DrainDelay"] = "00:00:00",
                ["EtcdDiscovery__Etcd__Endpoints__0"] = server.Endpoint,
                ["EtcdDiscovery__TimeToLive"] = timeToLive,
                ["EtcdDiscovery__Service__Name"] = service,
            },
        })!);
    }

    public void Pause() => Signals.Stop(_process);

    public void Continue() => Signals.Continue(_process);

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
