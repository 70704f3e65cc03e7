using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;

namespace EtcdDiscovery.Testing;

/// <summary>The configuration of an <see cref="EtcdContainer"/>. Immutable.</summary>
public sealed class EtcdConfiguration : ContainerConfiguration
{
    internal EtcdConfiguration()
    {
    }

    internal EtcdConfiguration(IResourceConfiguration<CreateContainerParameters> configuration)
        : base(configuration)
    {
    }

    internal EtcdConfiguration(IContainerConfiguration configuration)
        : base(configuration)
    {
    }

    internal EtcdConfiguration(EtcdConfiguration before, EtcdConfiguration after)
        : base(before, after)
    {
    }
}
