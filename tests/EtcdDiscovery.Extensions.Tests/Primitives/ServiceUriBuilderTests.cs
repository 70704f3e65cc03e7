using System.Text.Json;

namespace EtcdDiscovery.Tests.Primitives;

public sealed class ServiceUriBuilderTests
{
    [Theory]
    [InlineData("/a b", "/a%20b")]
    [InlineData("items", "/items")]
    [InlineData("?q=é", "?q=%C3%A9")]
    [InlineData("", "")]
    [InlineData("@evil.example/", "/@evil.example/")]
    [InlineData(":81/", "/:81/")]
    [InlineData("/100%", "/100%25")]
    [InlineData("/already%20escaped", "/already%20escaped")]
    [InlineData(@"/a\b", "/a%5Cb")]
    [InlineData("/x\r\nHost: evil", "/x%0D%0AHost:%20evil")]
    public void GetUri_AnyPath_IsEscapedAndRemainsAPath(string path, string expected)
    {
        var uri = Instance("shop.example").GetUri("http", path);

        Assert.Equal("http://shop.example:8080" + expected, uri.OriginalString);
        Assert.Equal(("shop.example", 8080), (uri.Host, uri.Port));
    }

    [Theory]
    [InlineData("user", "", "user:@")]
    [InlineData("", "secret", "")]
    [InlineData("a:b@c/d", "e?f#g%h", "a%3Ab%40c%2Fd:e%3Ff%23g%25h@")]
    [InlineData("o'neil!", "$&=", "o'neil!:$&=@")]
    public void GetUri_AnyCredentials_AreEscaped(string user, string password, string expected)
    {
        var instance = Instance("shop.example") with { Credentials = new ServiceCredentials(user, password) };

        Assert.Equal($"http://{expected}shop.example:8080/", instance.GetUri("http", "/", includeCredentials: true).OriginalString);
    }

    [Theory]
    [InlineData("2001:db8::1", "[2001:db8::1]")]
    [InlineData("[2001:db8::1]", "[2001:db8::1]")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("my_host", "my_host")]
    [InlineData("bücher.example", "bücher.example")]
    public void GetUri_ValidHostName_IsKept(string host, string expected) =>
        Assert.Equal($"http://{expected}:8080", Instance(host).GetUri("http").OriginalString);

    [Theory]
    [InlineData("user@evil.example", "'@'")]
    [InlineData("evil.example/x", "'/'")]
    [InlineData("evil.example?x", "'?'")]
    [InlineData("evil.example#x", "'#'")]
    [InlineData(@"evil.example\x", @"'\'")]
    [InlineData("two words", "U+0020")]
    [InlineData("line\nbreak", "U+000A")]
    [InlineData("shop.example:81", "not an IPv6 address")]
    [InlineData("[2001:db8::1]:81", "not an IPv6 address")]
    [InlineData("fe80::1%eth0", "not an IPv6 address")]
    [InlineData("%65vil", "'%'")]
    [InlineData("a..b", "not a valid host name")]
    public void GetUri_HostNameWithUrlSyntax_Throws(string host, string reason)
    {
        var error = Assert.Throws<EtcdDiscoveryException>(() => Instance(host).GetUri("http"));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("65536")]
    [InlineData("80/x")]
    [InlineData("+80")]
    [InlineData("-1")]
    [InlineData("99999999")]
    [InlineData("99999999999999999999")]
    [InlineData("80@evil.example")]
    [InlineData("80\0")]
    [InlineData("80\n")]
    [InlineData(" 80")]
    [InlineData("٨٠")]
    [InlineData("")]
    public void GetUri_InvalidPort_Throws(string port)
    {
        var instance = Instance("shop.example") with { Ports = new ServiceMap([KeyValuePair.Create("http", port)]) };

        Assert.Contains("1 to 65535", Assert.Throws<EtcdDiscoveryException>(() => instance.GetUri("http")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GetUri_UnknownScheme_ErrorNamesTheKnownOnes()
    {
        var error = Assert.Throws<UnknownSchemeException>(() => Instance("shop.example").GetUri("ftp"));

        Assert.Equal("ftp", error.Scheme);
        Assert.Contains("There are ports for: http", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GetUri_UnknownSchemeOfAHostileInstance_ErrorIsSanitizedAndTruncated()
    {
        var ports = Enumerable.Range(0, 4_000).Select(i => KeyValuePair.Create($"\nwarn: forged {i}", "80"));
        var instance = Instance("shop.example") with { Ports = new ServiceMap(ports) };

        var error = Assert.Throws<UnknownSchemeException>(() => instance.GetUri("\nftp"));

        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(error.Message.Length, 1, 600);
    }

    // Every character of the basic multilingual plane, at the start, in the middle and at the end of a host name.
    [Theory]
    [InlineData("{0}")]
    [InlineData("a{0}b")]
    [InlineData("{0}.dev")]
    [InlineData("a.{0}")]
    [InlineData("xn--{0}")]
    public void GetUri_HostNameWithAnyCharacter_IsKeptOrThrows(string shape)
    {
        for (var character = 0; character <= char.MaxValue; character++)
        {
            var instance = Instance(string.Format(null, shape, (char)character)) with { Credentials = new ServiceCredentials("u", "p") };
            if (Record.Exception(() => instance.GetUri("http", "/x", includeCredentials: true)) is { } error)
            {
                Assert.IsType<EtcdDiscoveryException>(error);
                continue;
            }

            var uri = instance.GetUri("http", "/x", includeCredentials: true);
            Assert.Equal(("u:p", 8080, "/x", ""), (uri.UserInfo, uri.Port, uri.PathAndQuery, uri.Fragment));
            Assert.All(uri.IdnHost, c => Assert.True(char.IsAsciiLetterOrDigit(c) || "-._~".Contains(c, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void GetUri_InstanceHasCredentials_OmitsThem()
    {
        var credentials = new ServiceCredentials("user", "secret");
        var instance = Instance("shop.example") with { Credentials = credentials, PrivateHostname = "shop.local", PrivatePorts = new ServiceMap([KeyValuePair.Create("http", "81")]) };
        var service = new ServiceInfo { Name = "shop", Hostname = "shop.example", Ports = instance.Ports, Credentials = credentials };

        Assert.Equal("http://shop.example:8080/x", instance.GetUri("http", "/x").OriginalString);
        Assert.Equal("http://shop.local:81/x", instance.GetPrivateUri("http", "/x").OriginalString);
        Assert.Equal("http://shop.example:8080/x", service.GetUri("http", "/x").OriginalString);
    }

    [Fact]
    public void Json_OfAnInstanceOrService_HasNoCredentialsAndTheStatusAsText()
    {
        var credentials = new ServiceCredentials("marked-user", "marked-secret");
        var instance = Instance("shop.example") with { Credentials = credentials, Status = ServiceStatus.Maintenance };
        var service = new ServiceInfo { Name = "shop", Credentials = credentials };

        var json = JsonSerializer.Serialize(new { instance, service });

        Assert.DoesNotContain("marked-", json, StringComparison.Ordinal);
        Assert.Contains("\"Maintenance\"", json, StringComparison.Ordinal);
        Assert.Contains("shop.example", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_Printed_AreRedacted()
    {
        var instance = Instance("h") with { Credentials = new ServiceCredentials("marked-user", "marked-secret") };

        Assert.DoesNotContain("marked", instance.ToString(), StringComparison.Ordinal);
    }

    private static ServiceInstance Instance(string host) => new()
    {
        Id = "id",
        ServiceName = "shop",
        Hostname = host,
        Public = true,
        Ports = new ServiceMap([KeyValuePair.Create("http", "8080")]),
    };
}
