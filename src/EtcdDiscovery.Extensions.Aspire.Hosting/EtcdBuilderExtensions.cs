using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Adds etcd to an AppHost.</summary>
public static class EtcdBuilderExtensions
{
    private const string Registry = "quay.io";
    private const string Image = "coreos/etcd";
    private const string Tag = "v3.5.30";
    private const int ClientPort = 2379;
    private const string DataDirectory = "/etcd-data";

    /// <summary>Adds etcd as a container: a single member, without TLS or authentication.</summary>
    /// <remarks>
    /// <para>
    /// Runs <c>quay.io/coreos/etcd:v3.5.30</c>. The resource is healthy when etcd's <c>/health</c> responds with 200. Its data is lost with the
    /// container, unless <see cref="WithDataVolume"/> or <see cref="WithDataBindMount"/> keeps it.
    /// </para>
    /// <para>
    /// <c>WithReference(etcd)</c> sets <c>ConnectionStrings__etcd</c>, which <c>AddEtcdDiscovery("etcd")</c> reads in the application.
    /// <c>WithImageTag</c> selects another version of etcd, and <c>WithLifetime(ContainerLifetime.Persistent)</c> keeps the container running
    /// when the AppHost stops.
    /// </para>
    /// </remarks>
    /// <param name="builder">The AppHost to add to.</param>
    /// <param name="name">The name of the resource, which is also the name of its connection string.</param>
    /// <param name="port">The port on the host that leads to etcd. If <see langword="null"/>, a free port is chosen.</param>
    /// <returns>A builder to configure the resource.</returns>
    public static IResourceBuilder<EtcdResource> AddEtcd(this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return builder.AddResource(new EtcdResource(name))
            .WithImage(Image, Tag)
            .WithImageRegistry(Registry)
            // The image has a command, which arguments would replace, but no entry point.
            .WithEntrypoint("/usr/local/bin/etcd")
            .WithHttpEndpoint(port, targetPort: ClientPort, name: EtcdResource.ClientEndpointName)
            // For deployments: an ingress that speaks HTTP/1.1 to etcd would break gRPC.
            .WithEndpoint(EtcdResource.ClientEndpointName, endpoint => endpoint.Transport = "http2")
            .WithArgs(
                "--data-dir", DataDirectory,
                "--listen-client-urls", UrlOf("0.0.0.0"),
                // Containers reach each other by the names of their resources.
                "--advertise-client-urls", UrlOf(name))
            .WithHttpHealthCheck("/health", endpointName: EtcdResource.ClientEndpointName);
    }

    /// <summary>Keeps etcd's data in a volume, so that it outlives the container.</summary>
    /// <param name="builder">The etcd resource.</param>
    /// <param name="name">The name of the volume. If <see langword="null"/>, the name is made from those of the AppHost and the resource.</param>
    /// <returns>The same builder.</returns>
    public static IResourceBuilder<EtcdResource> WithDataVolume(this IResourceBuilder<EtcdResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), DataDirectory);
    }

    /// <summary>Keeps etcd's data in a directory of the host, so that it outlives the container.</summary>
    /// <param name="builder">The etcd resource.</param>
    /// <param name="source">The directory. A relative path is relative to the AppHost's project.</param>
    /// <returns>The same builder.</returns>
    public static IResourceBuilder<EtcdResource> WithDataBindMount(this IResourceBuilder<EtcdResource> builder, string source)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(source);
        return builder.WithBindMount(source, DataDirectory);
    }

    /// <summary>
    /// Enables etcd's v2 keys API, for applications with the setting <c>Store: EtcdV2</c> and for hosts that use <c>etcd-discovery</c> for Go.
    /// </summary>
    /// <remarks>Requires etcd 3.4 or 3.5, which the default image is. etcd 3.6 removed the v2 keys API, and does not start with this flag.</remarks>
    /// <param name="builder">The etcd resource.</param>
    /// <returns>The same builder.</returns>
    public static IResourceBuilder<EtcdResource> WithV2Api(this IResourceBuilder<EtcdResource> builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithArgs("--enable-v2=true");
    }

    private static string UrlOf(string host) => string.Create(CultureInfo.InvariantCulture, $"http://{host}:{ClientPort}");
}
