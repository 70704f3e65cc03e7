using System.Globalization;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace EtcdDiscovery.Testing;

/// <summary>Builds an <see cref="EtcdContainer"/>: etcd with one member and without TLS, for tests with Testcontainers.</summary>
/// <remarks>
/// Immutable: each method returns another builder. <c>WithCommand</c> adds flags of etcd, such as <c>--enable-v2</c> for etcd 3.4 and 3.5.
/// </remarks>
public sealed class EtcdBuilder : ContainerBuilder<EtcdBuilder, EtcdContainer, ContainerConfiguration>
{
    /// <summary>The port that clients connect to in the container.</summary>
    public const ushort EtcdPort = 2379;

    /// <summary>Creates a builder.</summary>
    /// <param name="image">The image, such as <c>quay.io/coreos/etcd:v3.5.30</c>.</param>
    public EtcdBuilder(string image)
        : this(new ContainerConfiguration()) =>
        DockerResourceConfiguration = Init().WithImage(image).DockerResourceConfiguration;

    private EtcdBuilder(ContainerConfiguration configuration)
        : base(configuration) =>
        DockerResourceConfiguration = configuration;

    /// <inheritdoc />
    protected override ContainerConfiguration DockerResourceConfiguration { get; }

    /// <inheritdoc />
    public override EtcdContainer Build()
    {
        Validate();
        return new EtcdContainer(DockerResourceConfiguration);
    }

    /// <inheritdoc />
    protected override EtcdBuilder Init()
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"http://0.0.0.0:{EtcdPort}");
        return base.Init()
            .WithPortBinding(EtcdPort, assignRandomHostPort: true)
            // On arm64, etcd 3.4 does not run without this variable; other platforms ignore it.
            .WithEnvironment("ETCD_UNSUPPORTED_ARCH", "arm64")
            .WithCommand(
                "/usr/local/bin/etcd", "--data-dir", "/etcd-data", "--listen-client-urls", url, "--advertise-client-urls", url, "--unsafe-no-fsync")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(request => request.ForPort(EtcdPort).ForPath("/health")));
    }

    /// <inheritdoc />
    protected override EtcdBuilder Clone(IResourceConfiguration<CreateContainerParameters> resourceConfiguration) =>
        Merge(DockerResourceConfiguration, new ContainerConfiguration(resourceConfiguration));

    /// <inheritdoc />
    protected override EtcdBuilder Clone(IContainerConfiguration resourceConfiguration) =>
        Merge(DockerResourceConfiguration, new ContainerConfiguration(resourceConfiguration));

    /// <inheritdoc />
    protected override EtcdBuilder Merge(ContainerConfiguration oldValue, ContainerConfiguration newValue) =>
        new(new ContainerConfiguration(oldValue, newValue));
}
