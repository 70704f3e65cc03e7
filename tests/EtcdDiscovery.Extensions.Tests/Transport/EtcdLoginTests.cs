using EtcdDiscovery.Transport;

namespace EtcdDiscovery.Tests.Transport;

/// <summary>The etcd user and password.</summary>
public sealed class EtcdLoginTests
{
    [Fact]
    public void Of_OptionsWithOrWithoutUser_IsTheLoginOrNull()
    {
        Assert.Equal(new EtcdLogin("user", "secret"), EtcdLogin.Of(new EtcdOptions { User = "user", Password = "secret" }));
        Assert.Null(EtcdLogin.Of(new EtcdOptions { User = "" }));
    }

    [Fact]
    public void ToString_OfAnyLogin_IsRedacted() => Assert.Equal("EtcdLogin { redacted }", $"{new EtcdLogin("user", "secret")}");
}
