using EtcdDiscovery.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(IntegrationEtcd))]

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>
/// The etcd of the integration tests: a container if a Docker engine answers, else a process. <c>ETCD_CONTAINERS</c> set to
/// <c>require</c> requires the container, <c>off</c> disables it.
/// </summary>
public sealed class IntegrationEtcd : IAsyncDisposable
{
    private readonly Lazy<Task<IEtcd>> _etcd = new(StartAsync);

    public Task<IEtcd> GetAsync() => _etcd.Value;

    public async ValueTask DisposeAsync()
    {
        if (_etcd is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _etcd.Value).DisposeAsync();
        }
    }

    private static async Task<IEtcd> StartAsync()
    {
        var obstacle = await ContainerEtcd.FindObstacleAsync();
        if (obstacle is null)
        {
            try
            {
                var container = await ContainerEtcd.StartAsync();
                Report($"the container {ContainerEtcd.Image} at {container.Endpoint}");
                return container;
            }
            catch (Exception e) when (!ContainerEtcd.IsRequired)
            {
                obstacle = $"the container {ContainerEtcd.Image} did not start: {e.Message.ReplaceLineEndings(" ")}";
            }
        }

        if (ContainerEtcd.IsRequired)
        {
            throw ContainerEtcd.Missing(obstacle);
        }

        var binary = SharedEtcd.BinaryOf(EtcdVersion.First);
        var server = await EtcdServer.StartAsync(binary);
        Report($"the process {binary} at {server.Endpoint}, because {obstacle}");
        return server;
    }

    private static void Report(string choice) => TestContext.Current.SendDiagnosticMessage("The integration tests use {0}.", choice);
}
