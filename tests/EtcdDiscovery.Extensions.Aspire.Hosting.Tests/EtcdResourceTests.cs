using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary>The container that <c>AddEtcd</c> describes.</summary>
public sealed class EtcdResourceTests
{
    [Fact]
    public void AddEtcd_ByDefault_RunsEtcdFromTheImage()
    {
        var etcd = AppHosts.Create().AddEtcd("etcd").Resource;

        var image = Assert.Single(etcd.Annotations.OfType<ContainerImageAnnotation>());
        Assert.Equal("quay.io/coreos/etcd:v3.5.30", $"{image.Registry}/{image.Image}:{image.Tag}");
        Assert.Equal("/usr/local/bin/etcd", etcd.Entrypoint);
    }

    [Fact]
    public async Task Arguments_ByDefault_ServeTheV3ApiOnly() =>
        Assert.Equal(
            ["--data-dir", "/etcd-data", "--listen-client-urls", "http://0.0.0.0:2379", "--advertise-client-urls", "http://registry:2379"],
            await AppHosts.ArgumentsOfAsync(AppHosts.Create().AddEtcd("registry")));

    [Fact]
    public async Task Arguments_WithV2Api_EnableIt() =>
        Assert.Equal("--enable-v2=true", (await AppHosts.ArgumentsOfAsync(AppHosts.Create().AddEtcd("etcd").WithV2Api()))[^1]);

    [Theory]
    [InlineData(null)]
    [InlineData(2379)]
    public void Endpoint_WithOrWithoutAPort_LeadsToTheClientPort(int? port)
    {
        var etcd = AppHosts.Create().AddEtcd("etcd", port).Resource;

        var endpoint = Assert.Single(etcd.Annotations.OfType<EndpointAnnotation>());
        Assert.Equal(("client", "http", "http2"), (endpoint.Name, endpoint.UriScheme, endpoint.Transport));
        Assert.Equal(port, endpoint.Port);
        Assert.Equal(2379, endpoint.TargetPort);
        Assert.Equal("client", etcd.PrimaryEndpoint.EndpointName);
    }

    [Fact]
    public async Task HealthCheck_ByDefault_IsRegisteredForThePathHealth()
    {
        var builder = AppHosts.Create();
        var etcd = builder.AddEtcd("etcd").Resource;

        var key = Assert.Single(etcd.Annotations.OfType<HealthCheckAnnotation>()).Key;
        await using var app = builder.Build();
        Assert.Contains("client_/health_200", key, StringComparison.Ordinal);
        Assert.Contains(app.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations, check => check.Name == key);
    }

    [Fact]
    public void WithDataVolume_WithoutAName_KeepsTheDataInAVolumeOfTheResource()
    {
        var etcd = AppHosts.Create().AddEtcd("etcd").WithDataVolume().Resource;

        var mount = Assert.Single(etcd.Annotations.OfType<ContainerMountAnnotation>());
        Assert.Equal((ContainerMountType.Volume, "/etcd-data", false), (mount.Type, mount.Target, mount.IsReadOnly));
        Assert.EndsWith("-etcd-data", mount.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void WithDataVolume_WithAName_UsesIt() =>
        Assert.Equal("registry", Assert.Single(
            AppHosts.Create().AddEtcd("etcd").WithDataVolume("registry").Resource.Annotations.OfType<ContainerMountAnnotation>()).Source);

    [Fact]
    public void WithDataBindMount_APath_KeepsTheDataThere()
    {
        var etcd = AppHosts.Create().AddEtcd("etcd").WithDataBindMount("/srv/etcd").Resource;

        var mount = Assert.Single(etcd.Annotations.OfType<ContainerMountAnnotation>());
        Assert.Equal((ContainerMountType.BindMount, "/srv/etcd", "/etcd-data"), (mount.Type, mount.Source, mount.Target));
    }

    [Fact]
    public void WithLifetime_Persistent_KeepsTheContainer() =>
        Assert.Equal(ContainerLifetime.Persistent, Assert.Single(
            AppHosts.Create().AddEtcd("etcd").WithLifetime(ContainerLifetime.Persistent).Resource.Annotations.OfType<ContainerLifetimeAnnotation>()).Lifetime);

    [Fact]
    public void AddEtcd_WithoutABuilderOrName_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => EtcdBuilderExtensions.AddEtcd(null!, "etcd"));
#pragma warning disable ASPIRE006 // The name is invalid on purpose.
        Assert.Throws<ArgumentException>(() => AppHosts.Create().AddEtcd(""));
#pragma warning restore ASPIRE006
        Assert.Throws<ArgumentNullException>(() => EtcdBuilderExtensions.WithV2Api(null!));
        Assert.Throws<ArgumentNullException>(() => EtcdBuilderExtensions.WithDataVolume(null!));
        Assert.Throws<ArgumentNullException>(() => EtcdBuilderExtensions.WithDataBindMount(null!, "/srv/etcd"));
    }
}
