using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>Writes each of the 38 recorded states to the store and compares the answers with those of the Go library.</summary>
public sealed class GoldenQueryTests(SharedEtcd etcd)
{
    // The intended differences from Go, with their reasons.
    private static readonly Dictionary<string, (string Instances, string Uri)> Softened = new(StringComparer.Ordinal)
    {
        // An invalid entry is skipped and does not affect the others.
        ["one-host-malformed-of-3"] = ("a c", "http://h.dev:80/x"),
        ["public-one-host-malformed"] = (Failure.NoInstance, "http://u:p@pub.dev:80/x"),
        ["host-value-empty"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-value-null"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-value-string"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-value-number"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-value-emptyobject"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-ports-array"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-trailing-data"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-comment"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["host-trailing-comma"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["info-malformed"] = ("a", "http://h.dev:80/x"),
        ["info-empty"] = ("a", "http://h.dev:80/x"),
        ["info-emptyobject"] = ("a", "http://h.dev:80/x"),
        // A number is accepted as a port.
        ["host-port-number"] = ("a", "http://h.dev:80/x"),
        // The two host names of a private instance are equivalent; Go builds a URL without a host.
        ["host-name-null"] = ("a", "http://h:80/x"),
        // Answers do not depend on v2 directories: neither on empty ones, nor on one in the place of a value.
        ["info-private-no-hosts-dir"] = (Failure.NoInstance, Failure.NoInstance),
        ["info-public-no-hosts-dir"] = (Failure.NoInstance, "http://u:p@pub.dev:80/x"),
        ["no-info-empty-dir"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["shard-empty-dir"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["services-name-is-a-file"] = (Failure.ServiceNotFound, Failure.ServiceNotFound),
        ["info-is-dir"] = ("a", "http://h.dev:80/x"),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    [InlineData(EtcdVersion.Second, StoreName.V2)]
    public async Task Resolver_EveryRecordedState_AnswersAsGoOrBetter(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await using var app = await App.StartAsync(keys.Settings());
        Assert.Equal(38, GoldenCase.Queries.Count);
        foreach (var recorded in GoldenCase.Queries)
        {
            foreach (var entry in recorded!["setup"]!.AsArray())
            {
                var key = (string)entry![0]!;
                await ((string?)entry[1] is { } value ? keys.PutAsync(key, value) : keys.MakeDirectoryAsync(key));
            }

            var (name, service) = ((string)recorded["case"]!, (string)recorded["service"]!);
            var shard = recorded["args"]!.AsArray() is [_, { } asked] ? (string?)asked : null;
            Assert.Equal(
                (name, Softened.GetValueOrDefault(name, (Go(recorded["get"]!), GoUri(recorded)))),
                (name, (
                    await app.Services.FindAsync(service, shard, Token),
                    await app.Services.UriAsync(service, SchemeOf(name), "/x", shard, Token))));
        }
    }

    // The recordings whose names mention a scheme use it; the others use http.
    private static string SchemeOf(string name) =>
        name.StartsWith("scheme-empty", StringComparison.Ordinal) ? ""
        : name.StartsWith("scheme-nope", StringComparison.Ordinal) ? "nope"
        : "http";

    private static string Go(JsonNode answer) => (string?)answer["hosts_error"] is { } error
        ? FailureOf(error)
        : string.Join(' ', answer["hosts"]!.AsArray().Select((_, index) => (char)('a' + index)));

    private static string GoUri(JsonNode recorded) => (string)recorded["url_error"]! is { Length: > 0 } error
        ? FailureOf(error)
        : (string)recorded["url"]!;

    private static string FailureOf(string message) => message switch
    {
        _ when message.EndsWith("on this shard", StringComparison.Ordinal) => Failure.NoInstanceOnShard,
        _ when message.EndsWith("no host found for this service", StringComparison.Ordinal) => Failure.NoInstance,
        _ when message.EndsWith("service not found", StringComparison.Ordinal) => Failure.ServiceNotFound,
        _ when message.EndsWith("unknown scheme", StringComparison.Ordinal) => Failure.UnknownScheme,
        _ => message,
    };
}
