using System.Diagnostics;
using System.Text;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Fuzz;

/// <summary>Values written by an attacker are read or rejected, without an exception and quickly.</summary>
public sealed class ServiceJsonFuzz
{
    private static readonly string[] Names =
    [
        "name", "NAME", "service_name", "ports", "user", "password", "public", "private_hostname", "private_ports", "critical",
        "shard", "uuid", "status", "status_reason", "weight", "zone", "metadata", "hostname", "other", "\\u0000", "é😀",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1e999", "1e-999", "80", "99999999999999999999", "\"\"", "\"h\"", "\"80\"", "\"a\\nb\"",
        "\"\\ud800\"", "\"\\u0000\"", "\"NaN\"", "NaN", "[]", "{}", "[[[[1]]]]", "{\"http\":\"80\",\"http\":81}", "{\"a\":{\"b\":[1]}}",
        "{\"x\":null}", "\"<script>\"", "\"h.dev\"", "\"::1\"", "\"draining\"",
    ];

    [Fact]
    public Task Decode_ArbitraryValue_NeverThrowsAndRoundTrips() => FuzzRun.RunAsync(random =>
    {
        var json = Encoding.UTF8.GetBytes(Document(random));
        json = random.Next(2) == 0 ? json : FuzzRun.Mutate(random, json);
        if (ServiceJson.TryDecode("s", "id", json, out var instance, out _))
        {
            Use(instance);
            Assert.True(ServiceJson.TryDecode("s", "id", ServiceJson.Encode(instance), out var again, out _));
            Assert.Equal(ServiceJson.Encode(instance), ServiceJson.Encode(again));
        }

        if (ServiceJson.TryDecode("s", json, out ServiceInfo? info, out _))
        {
            Assert.NotNull(info.ToString());
            Assert.True(ServiceJson.TryDecode("s", ServiceJson.Encode(info), out ServiceInfo? again, out _));
            Assert.Equal(ServiceJson.Encode(info), ServiceJson.Encode(again));
        }

        return Task.CompletedTask;
    });

    public static TheoryData<string, string> PathologicalValues => new()
    {
        { "deep", string.Concat(Enumerable.Repeat("{\"metadata\":", 5_000)) },
        { "deep and closed", "{\"name\":\"h\",\"x\":" + new string('[', 30_000) + new string(']', 30_000) + "}" },
        { "many ports", "{\"name\":\"h\",\"ports\":{" + string.Join(',', Enumerable.Range(0, 4_000).Select(i => $"\"p{i}\":\"80\"")) + "}}" },
        { "a million ports", "{\"name\":\"h\",\"ports\":{" + string.Join(',', Enumerable.Range(0, 1_000_000).Select(i => $"\"p{i}\":\"80\"")) + "}}" },
        { "odd fields", "{\"name\":\"h\"" + string.Concat(Enumerable.Repeat(",\"zone\":{}", 6_000)) + "}" },
        { "odd texts", "{\"name\":\"h\"" + string.Concat(Enumerable.Repeat(",\"zone\":\"\\ud800\"", 3_500)) + "}" },
        { "odd maps", "{\"name\":\"h\"" + string.Concat(Enumerable.Repeat(",\"metadata\":{\"a\":[]}", 2_900)) + "}" },
        { "long name", "{\"name\":\"" + new string('h', 60_000) + "\"}" },
        { "too long", "{\"name\":\"" + new string('h', 64 * 1024) + "\"}" },
        { "invalid UTF-8", "{\"name\":\"" + new string('\uD800', 20_000) + "\"}" },
    };

    [Theory]
    [MemberData(nameof(PathologicalValues))]
    public void Decode_PathologicalValue_IsFast(string description, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        ServiceJson.TryDecode("s", "id", bytes, out _, out _);
        var started = Stopwatch.StartNew();

        var readable = ServiceJson.TryDecode("s", "id", bytes, out var instance, out _);

        Assert.InRange(started.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        TestContext.Current.TestOutputHelper?.WriteLine($"{description}: {bytes.Length} bytes, {(readable ? "read" : "rejected")}, {started.Elapsed.TotalMilliseconds:0.0} ms");
        Assert.True(!readable || bytes.Length <= ServiceJson.MaxLength);
        if (instance is not null)
        {
            Use(instance);
        }
    }

    private static void Use(ServiceInstance instance)
    {
        Assert.DoesNotContain("secret", instance.ToString(), StringComparison.Ordinal);
        Assert.True(instance.Weight is > 0 and < double.PositiveInfinity);
        foreach (var scheme in (string[])["", "http", "x"])
        {
            try
            {
                Assert.False(instance.GetUri(scheme, "/a b").OriginalString.AsSpan().ContainsAnyInRange('\0', ' '));
                Assert.NotNull(instance.GetPrivateUri(scheme));
            }
            catch (EtcdDiscoveryException error)
            {
                Assert.False(error.Message.AsSpan().ContainsAnyInRange('\0', '\u001F'));
            }
        }
    }

    private static string Document(Random random)
    {
        var fields = Enumerable.Range(0, random.Next(12)).Select(_ =>
            $"\"{Names[random.Next(Names.Length)]}\":{Values[random.Next(Values.Length)]}");
        var rest = string.Join(',', fields);
        return random.Next(4) == 0 ? "{" + rest + "}" : "{\"name\":\"h.dev\"" + (rest.Length > 0 ? "," : "") + rest + "}";
    }
}
