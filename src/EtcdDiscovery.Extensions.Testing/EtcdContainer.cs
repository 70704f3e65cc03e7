using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace EtcdDiscovery.Testing;

/// <summary>An etcd in a container. <see cref="EtcdBuilder"/> builds it; <c>StartAsync</c> returns when etcd is healthy.</summary>
public sealed class EtcdContainer : DockerContainer
{
    internal EtcdContainer(ContainerConfiguration configuration)
        : base(configuration)
    {
    }

    /// <summary>The URL of etcd, for <c>ConnectionStrings:etcd</c> or <c>EtcdDiscovery:Etcd:Endpoints:0</c>.</summary>
    /// <returns>The URL, such as <c>http://127.0.0.1:32768</c>.</returns>
    /// <exception cref="InvalidOperationException">The container has not been started.</exception>
    public string GetConnectionString() =>
        new UriBuilder("http", Hostname, GetMappedPublicPort(EtcdBuilder.EtcdPort)).Uri.GetLeftPart(UriPartial.Authority);
}
