namespace EtcdDiscovery.Testing.Tests;

/// <summary>The builder, without a Docker engine. The integration tests run a container where one answers.</summary>
public sealed class EtcdContainerTests
{
    // Never connected to.
    private const string Engine = "tcp://127.0.0.1:1";

    [Fact]
    public async Task Build_WithFlagsOfTheTest_KeepsTheImage()
    {
        await using var container = new EtcdBuilder("quay.io/coreos/etcd:v3.5.30").WithCommand("--enable-v2").WithDockerEndpoint(Engine).Build();

        Assert.Equal("quay.io/coreos/etcd:v3.5.30", container.Image.FullName);
    }

    [Fact]
    public async Task GetConnectionString_NotStarted_Throws()
    {
        await using var container = new EtcdBuilder("quay.io/coreos/etcd:v3.5.30").WithDockerEndpoint(Engine).Build();

        Assert.Throws<InvalidOperationException>(container.GetConnectionString);
    }
}
