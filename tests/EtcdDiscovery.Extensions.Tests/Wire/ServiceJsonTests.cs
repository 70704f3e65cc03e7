using System.Text;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Wire;

public sealed class ServiceJsonTests
{
    [Theory]
    [InlineData("\u0001\b\t\n\u000B\f\r\u001F", @"\u0001\b\t\n\u000b\f\r\u001f")]
    [InlineData("\"\\/'", "\\\"\\\\/'")]
    [InlineData("<>&", @"\u003c\u003e\u0026")]
    [InlineData("\u2028\u2029\u007F\u00A0é😀", "\\u2028\\u2029\u007F\u00A0é😀")]
    public void Encode_AnyText_EscapesAsGo(string text, string expected)
    {
        var json = Encoding.UTF8.GetString(ServiceJson.Encode(new ServiceInfo { Name = text }));

        Assert.Equal($$"""{"name":"{{expected}}","critical":false}""", json);
    }

    [Fact]
    public void Encode_HalfASurrogatePair_IsAReplacement()
    {
        foreach (var (text, expected) in new[] { ("a\uD800b", @"a\ufffdb"), ("a\uDC00", @"a\ufffd"), ("\uD83D", @"\ufffd") })
        {
            var json = Encoding.UTF8.GetString(ServiceJson.Encode(new ServiceInfo { Name = text }));
            Assert.Equal($$"""{"name":"{{expected}}","critical":false}""", json);
        }
    }

    [Theory]
    [InlineData("""{"name":"h","ports":{"http":80,"x":1e3}}""", "http=80, x=1e3")]
    [InlineData("""{"NAME":"h","Ports":{"http":"80"}}""", "http=80")]
    [InlineData("""{"name":"h","ports":{"http":"1","http":"2"}}""", "http=2")]
    [InlineData("""{"name":"x","name":"h","ports":{},"more":[{"deep":1}]}""", "")]
    [InlineData("\uFEFF{\"name\":\"h\",\"ports\":{\"http\":null}}", "http=")]
    [InlineData(" \n{\"name\":\"h\"} \t", null)]
    public void Decode_TolerableValue_IsRead(string json, string? ports)
    {
        Assert.True(ServiceJson.TryDecode("s", "id", Encoding.UTF8.GetBytes(json), out var instance, out _));

        Assert.Equal("h", instance.Hostname);
        Assert.Equal(ports, instance.Ports?.ToString());
    }

    [Theory]
    [InlineData("", "unexpected JSON at line 1, byte 1")]
    [InlineData("null", "null")]
    [InlineData("{}", "no host name")]
    [InlineData("1", "unexpected JSON at line 1, byte 2")]
    [InlineData("\"x\"", "unexpected JSON at line 1, byte 4")]
    [InlineData("[]", "unexpected JSON at line 1, byte 2")]
    [InlineData("""{"name":"h"} x""", "unexpected JSON at line 1, byte 14")]
    [InlineData("""{"name":"h",}""", "unexpected JSON at line 1, byte 13")]
    [InlineData("{\n\"name\":\"h\",\"ports\":[]}", "unexpected JSON at line 2, byte 21")]
    [InlineData("""{"name":"h","public":"yes"}""", "unexpected JSON at line 1, byte 27")]
    [InlineData("""{"name":{}}""", "unexpected JSON at line 1, byte 10")]
    [InlineData("""{"name":"\ud800"}""", "unexpected JSON at line 1, byte 17")]
    [InlineData("""{"name":"h","\ud800":1}""", "unexpected JSON at line 1, byte 22")]
    [InlineData("""{"name":"h","ports":{"\ud800":"1"}}""", "unexpected JSON at line 1, byte 31")]
    public void Decode_UnusableValue_SaysWhy(string json, string fault)
    {
        Assert.False(ServiceJson.TryDecode("s", "id", Encoding.UTF8.GetBytes(json), out _, out var found));

        Assert.Equal(fault, found);
    }

    [Fact]
    public void Decode_TooLongValue_SaysWhy()
    {
        var json = Encoding.UTF8.GetBytes("{\"name\":\"h\"}".PadRight(ServiceJson.MaxLength + 1));

        Assert.False(ServiceJson.TryDecode("s", "id", json, out _, out var fault));
        Assert.Equal("longer than 65536 bytes", fault);
        Assert.True(ServiceJson.TryDecode("s", "id", json.AsMemory(..^1), out _, out _));
    }

    [Fact]
    public void Decode_InvalidUtf8_IsReadWithReplacements()
    {
        Assert.True(ServiceJson.TryDecode("s", "id", (byte[])[.. """{"name":"a"""u8, 0xFF, .. "b\"}"u8], out var instance, out _));

        Assert.Equal("a\uFFFDb", instance.Hostname);
    }

    [Fact]
    public void Decode_AnInstanceThatClaimsAnotherName_TakesTheNamesOfItsKey()
    {
        var json = """{"name":"h","service_name":"bank","uuid":"other"}"""u8.ToArray();

        Assert.True(ServiceJson.TryDecode("shop", "id", json, out var instance, out _));

        Assert.Equal(("shop", "id"), (instance.ServiceName, instance.Id));
    }
}
