using System.Text;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>The library's own fields on the wire: after Go's, absent if unset, and decoded with tolerance.</summary>
public sealed class ReconcileStateWireTests
{
    private static readonly Guid Uuid = Guid.Parse("2f4f7d4c-0b0f-4f5e-9d7e-0a9d3c1b2a10");

    private const string GoFields =
        """
        {"name":"h.dev","service_name":"shop","ports":{"http":"80"},"user":"u","password":"p","private_hostname":"h.dev","private_ports":{"http":"80"},"critical":true,"shard":"s0","uuid":"2f4f7d4c-0b0f-4f5e-9d7e-0a9d3c1b2a10-h.dev"
        """;

    [Fact]
    public void Encode_WithoutOwnFields_MatchesGo()
    {
        Assert.Equal(GoFields + "}", Text(Options()));

        var options = Options();
        options.Weight = 1;
        options.Zone = "";
        options.Metadata = new Dictionary<string, string>();
        Assert.Equal(GoFields + "}", Text(options));
    }

    [Fact]
    public void Encode_WithAllOwnFields_PutsThemAfterThoseOfGo()
    {
        var options = Options();
        options.Weight = 2.5;
        options.Zone = "eu-1";
        options.Metadata = new Dictionary<string, string> { ["version"] = "7", ["build"] = "a<b" };
        var service = EncodedInstance.From(options, "node", Uuid).With(ServiceStatus.Maintenance, "disk");

        Assert.Equal(
            GoFields
            + ""","status":"maintenance","status_reason":"disk","weight":2.5,"zone":"eu-1","metadata":{"build":"a\u003cb","version":"7"}}""",
            Encoding.UTF8.GetString(service.Value.Span));
    }

    [Theory]
    [InlineData(ServiceStatus.Serving, null, "}")]
    [InlineData(ServiceStatus.Draining, null, ",\"status\":\"draining\"}")]
    [InlineData(ServiceStatus.Maintenance, null, ",\"status\":\"maintenance\"}")]
    [InlineData(ServiceStatus.Maintenance, "", ",\"status\":\"maintenance\"}")]
    public void Encode_Status_IsAWordOrAbsent(ServiceStatus status, string? reason, string end)
    {
        var value = EncodedInstance.From(Options(), "node", Uuid).With(status, reason).Value;

        Assert.Equal(GoFields + end, Encoding.UTF8.GetString(value.Span));
    }

    [Fact]
    public void Decode_EncodedInstance_RoundTrips()
    {
        var options = Options();
        options.Weight = 0.25;
        options.Zone = "eu-1";
        options.Metadata = new Dictionary<string, string> { ["k"] = "v" };
        var service = EncodedInstance.From(options, "node", Uuid).With(ServiceStatus.Draining, "bye");

        Assert.True(ServiceJson.TryDecode("shop", service.Instance.Id, service.Value, out var read, out _));

        Assert.Equal(service.Instance, read);
    }

    [Theory]
    [InlineData("draining", ServiceStatus.Draining)]
    [InlineData("maintenance", ServiceStatus.Maintenance)]
    [InlineData("serving", ServiceStatus.Serving)]
    [InlineData("", ServiceStatus.Serving)]
    public void Decode_Status_IsThatOfItsWord(string status, ServiceStatus expected)
    {
        var instance = Decode($$"""{"name":"h","status":"{{status}}"}""");

        Assert.Equal((expected, null), (instance.Status, instance.UnknownStatus));
    }

    [Theory]
    [InlineData("Draining")]
    [InlineData("warming-up")]
    public void Decode_StatusOfALaterVersion_DoesNotServeAndKeepsItsText(string status)
    {
        var instance = Decode($$"""{"name":"h","status":"{{status}}"}""");

        Assert.Equal((ServiceStatus.Unknown, status), (instance.Status, instance.UnknownStatus));
        Assert.Contains($"\"status\":\"{status}\"", Encoding.UTF8.GetString(ServiceJson.Encode(instance)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.5", 2.5)]
    [InlineData("1e3", 1000)]
    [InlineData("0", 1)]
    [InlineData("-0.0", 1)]
    [InlineData("-3", 1)]
    [InlineData("1e999", 1)]
    [InlineData("-1e999", 1)]
    [InlineData("1e-999", 1)]
    [InlineData("null", 1)]
    [InlineData("\"NaN\"", 1)]
    [InlineData("\"7\"", 1)]
    [InlineData("true", 1)]
    [InlineData("[2]", 1)]
    [InlineData("{\"a\":[2]}", 1)]
    public void Decode_Weight_IsOneUnlessItIsAPositiveNumber(string weight, double expected)
    {
        var instance = Decode($$"""{"name":"h","weight":{{weight}},"zone":"z"}""");

        Assert.Equal((expected, "z"), (instance.Weight, instance.Zone));
    }

    // Go ignores these fields, so an instance that Go can read must be readable here.
    [Theory]
    [InlineData("""{"name":"h","status":{"is":"draining"},"shard":"s"}""")]
    [InlineData("""{"name":"h","status":true,"status_reason":["a",{"b":1}],"shard":"s"}""")]
    [InlineData("""{"name":"h","zone":[],"shard":"s"}""")]
    [InlineData("""{"name":"h","metadata":"text","shard":"s"}""")]
    [InlineData("""{"name":"h","metadata":[{"a":"b"}],"shard":"s"}""")]
    [InlineData("""{"name":"h","metadata":{"a":"b","deep":{"c":[1,2]}},"shard":"s"}""")]
    public void Decode_OwnFieldsOfAnotherType_CountAsUnset(string json)
    {
        var instance = Decode(json);

        Assert.Equal(new ServiceInstance { Id = "id", ServiceName = "shop", Hostname = "h", Shard = "s" }, instance);
    }

    [Fact]
    public void Decode_Metadata_ConvertsNumbersToText() =>
        Assert.Equal("a=1, b=x", Decode("""{"name":"h","metadata":{"b":"x","a":1}}""").Metadata?.ToString());

    private static string Text(ServiceRegistrationOptions options) =>
        Encoding.UTF8.GetString(EncodedInstance.From(options, "node", Uuid).Value.Span);

    private static ServiceInstance Decode(string json)
    {
        Assert.True(ServiceJson.TryDecode("shop", "id", Encoding.UTF8.GetBytes(json), out var instance, out _));
        return instance;
    }

    private static ServiceRegistrationOptions Options() => new()
    {
        Name = "shop",
        Hostname = "h.dev",
        Ports = new Dictionary<string, string> { ["http"] = "80" },
        User = "u",
        Password = "p",
        Critical = true,
        Shard = "s0",
    };
}
