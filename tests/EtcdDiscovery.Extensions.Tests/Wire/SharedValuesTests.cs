using System.Text;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Wire;

public sealed class SharedValuesTests
{
    private readonly SharedValues _shared = new();

    [Fact]
    public void Decode_InstancesWithEqualContent_ShareIt()
    {
        const string Json = """
            {"name":"a","ports":{"http":"80"},"user":"u","password":"p","private_ports":{"http":"81"},"shard":"s","zone":"z","metadata":{"m":"1"}}
            """;

        var (one, other) = (Decode("1", Json), Decode("2", Json));

        Assert.Same(one.Ports, other.Ports);
        Assert.Same(one.PrivatePorts, other.PrivatePorts);
        Assert.Same(one.Credentials, other.Credentials);
        Assert.Same(one.Shard, other.Shard);
        Assert.Same(one.Zone, other.Zone);
        Assert.Same(one.Metadata, other.Metadata);
        Assert.NotSame(one.Ports, one.PrivatePorts);
    }

    [Fact]
    public void Decode_PortsThatDiffer_ShareTheirNames()
    {
        var one = Decode("1", """{"name":"a","ports":{"http":"80","https":"443"}}""");
        var other = Decode("2", """{"name":"a","ports":{"http":"81","https":"444"}}""");

        Assert.Equal(("80", "443", "81", "444"), (one.Ports!["http"], one.Ports["https"], other.Ports!["http"], other.Ports["https"]));
        Assert.Equal<string>(one.Ports.Keys, other.Ports.Keys, ReferenceEquals);
    }

    [Fact]
    public void Share_MoreValuesThanItKeeps_ReturnsThemUnchanged()
    {
        for (var i = 0; i < 1_000; i++)
        {
            Assert.Equal($"{i}", _shared.Share($"{i}"));
        }

        Assert.Null(_shared.Share<string>(null));
    }

    private ServiceInstance Decode(string id, string json)
    {
        Assert.True(ServiceJson.TryDecode("shop", id, Encoding.UTF8.GetBytes(json), out var instance, out _, _shared));
        return instance;
    }
}
