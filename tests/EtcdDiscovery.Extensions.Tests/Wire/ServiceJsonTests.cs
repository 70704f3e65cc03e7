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
    public void Encode_AnyText_EscapesAsGoDoes(string text, string expected)
    {
        var json = Encoding.UTF8.GetString(ServiceJson.Encode(new ServiceInfo { Name = text }));

        Assert.Equal($$"""{"name":"{{expected}}","critical":false}""", json);
    }

    [Fact]
    public void Encode_LoneSurrogate_IsReplaced()
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
    [InlineData("""{"name":"h","ports":{"a":"1","b":"1"},"ports":{"b":"2","c":"2"},"Ports":{}}""", "a=1, b=2, c=2")]
    [InlineData("""{"name":"h","ports":{"a":"1"},"ports":null,"ports":{"b":"1"}}""", "b=1")]
    [InlineData("""{"name":"h","ports":{"\ud800":"1"},"\udc00":1,"zone":"\uD83D"}""", "\uFFFD=1")]
    public void Decode_UnusualValue_IsRead(string json, string? ports)
    {
        Assert.True(ServiceJson.TryDecode("s", "id", Encoding.UTF8.GetBytes(json), out var instance, out _));

        Assert.Equal("h", instance.Hostname);
        Assert.Equal(ports, instance.Ports?.ToString());
    }

    // As in Go's encoding/json, a lone surrogate becomes U+FFFD, and the text after it is kept.
    [Theory]
    [InlineData(@"\ud800", "\uFFFD")]
    [InlineData(@"a\uDFFFb", "a\uFFFDb")]
    [InlineData(@"\ud83d\ude00", "😀")]
    [InlineData(@"\ud83d\uD83D\uDE00", "\uFFFD😀")]
    [InlineData(@"\ude00\ud83d", "\uFFFD\uFFFD")]
    [InlineData(@"\ud800\u0041", "\uFFFDA")]
    [InlineData(@"\ud800\n", "\uFFFD\n")]
    [InlineData(@"\\ud800", @"\ud800")]
    [InlineData(@"\\\ud800", "\\\uFFFD")]
    [InlineData(@"\ufffd", "\uFFFD")]
    [InlineData("\uFFFD", "\uFFFD")]
    public void Decode_EscapedSurrogates_AreReadAsByGo(string escaped, string text)
    {
        var json = $$"""{"name":"h","private_hostname":"{{escaped}}","zone":"{{escaped}}","user":"{{escaped}}","metadata":{"a":"{{escaped}}"} }""";

        Assert.True(ServiceJson.TryDecode("s", "id", Encoding.UTF8.GetBytes(json), out var instance, out _));

        Assert.Equal(
            (text, text, text, text), (instance.PrivateHostname, instance.Zone, instance.Credentials!.User, instance.Metadata!["a"]));
    }

    [Theory]
    [InlineData("ports", 256, true)]
    [InlineData("ports", 257, false)]
    [InlineData("private_ports", 257, false)]
    [InlineData("metadata", 256, true)]
    [InlineData("metadata", 257, true)]
    public void Decode_MapOfManyEntries_IsReadUpToTheLimit(string map, int count, bool isReadable)
    {
        var entries = Enumerable.Range(0, count).Select(i => $"\"{i}\":\"1\"").ToArray();
        foreach (var value in new[] { $"{{{string.Join(',', entries)}}}", string.Join($",\"{map}\":", entries.Select(entry => $"{{{entry}}}")) })
        {
            var json = Encoding.UTF8.GetBytes($"{{\"name\":\"h\",\"{map}\":{value}}}");

            Assert.Equal(isReadable, ServiceJson.TryDecode("s", "id", json, out var instance, out var fault));
            Assert.Equal(isReadable ? null : "more than 256 ports", fault);
            Assert.Equal(isReadable && count <= 256 ? count : null, (instance?.Ports ?? instance?.Metadata)?.Count);
        }
    }

    [Fact]
    public void Decode_DescriptionWithTooManyPorts_FailsWithTheReason()
    {
        var ports = string.Join(',', Enumerable.Range(0, 257).Select(i => $"\"{i}\":\"1\""));

        Assert.False(ServiceJson.TryDecode("s", Encoding.UTF8.GetBytes($"{{\"ports\":{{{ports}}}}}"), out _, out var fault));
        Assert.Equal("more than 256 ports", fault);
    }

    [Theory]
    [InlineData("""{"name":"h","metadata":{"a":[{"deep":"x"}],"b":"1"},"zone":"z"}""")]
    [InlineData("""{"name":"h","metadata":{"a":"1"},"metadata":[],"zone":"z"}""")]
    public void Decode_MetadataOfAnotherType_IsIgnored(string json)
    {
        Assert.True(ServiceJson.TryDecode("s", "id", Encoding.UTF8.GetBytes(json), out var instance, out _));

        Assert.Equal((null, "z"), (instance.Metadata, instance.Zone));
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
    public void Decode_InvalidValue_FailsWithTheReason(string json, string fault)
    {
        Assert.False(ServiceJson.TryDecode("s", "id", Encoding.UTF8.GetBytes(json), out _, out var found));

        Assert.Equal(fault, found);
    }

    [Fact]
    public void Decode_TooLongValue_FailsWithTheReason()
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
    public void Decode_InstanceWithOtherNames_UsesThoseOfItsKey()
    {
        var json = """{"name":"h","service_name":"bank","uuid":"other"}"""u8.ToArray();

        Assert.True(ServiceJson.TryDecode("shop", "id", json, out var instance, out _));

        Assert.Equal(("shop", "id"), (instance.ServiceName, instance.Id));
    }
}
