using EtcdDiscovery.Transport;

namespace EtcdDiscovery.Tests.Transport;

public sealed class EtcdAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:2379", "http://127.0.0.1:2379")]
    [InlineData("http://127.0.0.1:2379/", "http://127.0.0.1:2379")]
    [InlineData(" 127.0.0.1:2379 ", "http://127.0.0.1:2379")]
    [InlineData("etcd:2379", "http://etcd:2379")]
    [InlineData("etcd", "http://etcd:80")]
    [InlineData("https://etcd", "https://etcd:443")]
    [InlineData("[::1]:2379", "http://[::1]:2379")]
    [InlineData("https://etcd.internal:2379", "https://etcd.internal:2379")]
    public void Parse_Valid_IsDisplayedWithPortAndWithoutSlash(string endpoint, string expected) =>
        Assert.Equal(expected, EtcdAddress.Display(EtcdAddress.Parse(endpoint)));

    [Theory]
    [InlineData("")]
    [InlineData("ftp://etcd:2379")]
    [InlineData("http://etcd:notaport")]
    [InlineData("http://etcd:2379/path")]
    [InlineData("http://etcd:2379?x=1")]
    [InlineData("http://etcd:2379#x")]
    [InlineData("http://user:secret@etcd:2379")]
    [InlineData("http://user:secret@etcd:99999")]
    public void Parse_Invalid_ThrowsWithoutSecrets(string endpoint)
    {
        var error = Assert.Throws<EtcdDiscoveryException>(() => EtcdAddress.Parse(endpoint));

        Assert.Contains("EtcdDiscovery:Etcd:Endpoints", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }
}
