namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Several etcd servers that form one cluster.</summary>
public sealed class EtcdCluster : IAsyncDisposable
{
    private EtcdCluster(IReadOnlyList<EtcdServer> members) => Members = members;

    public IReadOnlyList<EtcdServer> Members { get; }

    public string[] Endpoints => [.. Members.Select(member => member.Endpoint)];

    /// <summary>Starts the members and waits until they have a leader.</summary>
    public static async Task<EtcdCluster> StartAsync(string binary, int size = 3)
    {
        var cluster = new EtcdCluster(EtcdServer.Create(binary, size));
        await Task.WhenAll(cluster.Members.Select(member => member.StartAsync()));
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Members)
        {
            await member.DisposeAsync();
        }
    }
}
