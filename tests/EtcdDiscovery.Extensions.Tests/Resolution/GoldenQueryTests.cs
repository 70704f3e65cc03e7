using System.Text;
using System.Text.Json.Nodes;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.EtcdV2;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The 38 recorded states of the store, compared with the answers of the Go library.</summary>
public sealed class GoldenQueryTests(SharedEtcd etcd)
{
    // The intended differences from Go, with their reasons.
    private static readonly Dictionary<string, (string Instances, string Uri)> Softened = new(StringComparer.Ordinal)
    {
        // An invalid entry is skipped and does not affect the others.
        ["one-host-malformed-of-3"] = ("a c", "http://h.dev:80/x"),
        ["public-one-host-malformed"] = (nameof(NoInstanceFoundException), "http://u:p@pub.dev:80/x"),
        ["host-value-empty"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-value-null"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-value-string"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-value-number"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-value-emptyobject"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-ports-array"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-trailing-data"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-comment"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["host-trailing-comma"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["info-malformed"] = ("a", "http://h.dev:80/x"),
        ["info-empty"] = ("a", "http://h.dev:80/x"),
        ["info-emptyobject"] = ("a", "http://h.dev:80/x"),
        // A number is accepted as a port.
        ["host-port-number"] = ("a", "http://h.dev:80/x"),
        // The two host names of a private instance are equivalent; Go builds a URL without a host.
        ["host-name-null"] = ("a", "http://h:80/x"),
        // Answers do not depend on v2 directories: neither on empty ones, nor on one in the place of a value.
        ["info-private-no-hosts-dir"] = (nameof(NoInstanceFoundException), nameof(NoInstanceFoundException)),
        ["info-public-no-hosts-dir"] = (nameof(NoInstanceFoundException), "http://u:p@pub.dev:80/x"),
        ["no-info-empty-dir"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["shard-empty-dir"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["services-name-is-a-file"] = (nameof(ServiceNotFoundException), nameof(ServiceNotFoundException)),
        ["info-is-dir"] = ("a", "http://h.dev:80/x"),
    };

    public static TheoryData<string> Cases => [.. GoldenCase.Queries.Select(query => query!["case"]!.GetValue<string>())];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Resolver_RecordedState_AnswersAsGoOrBetter(string name)
    {
        var recorded = GoldenCase.Queries.Single(query => query!["case"]!.GetValue<string>() == name)!;
        await using var catalog = new TestCatalog();
        await catalog.PutAsync([.. recorded["setup"]!.AsArray().Where(entry => entry![1] is not null).Select(entry =>
            new StorePut(entry![0]!.GetValue<string>(), Encoding.UTF8.GetBytes(entry[1]!.GetValue<string>())))]);

        await AssertAnswersAsync(catalog, name, recorded);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Resolver_V2ApiWithDirectories_AnswersTheSame(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var catalog = new TestCatalog(EtcdV2Stores.Create(api.Server.Endpoint));
        foreach (var recorded in GoldenCase.Queries)
        {
            foreach (var entry in recorded!["setup"]!.AsArray())
            {
                var key = entry![0]!.GetValue<string>();
                await (entry[1] is { } value ? api.SetAsync(key, value.GetValue<string>()) : api.MakeDirectoryAsync(key));
            }

            await AssertAnswersAsync(catalog, recorded["case"]!.GetValue<string>(), recorded);
        }
    }

    [Fact]
    public async Task Resolver_UnknownService_ReturnsADescriptionWithOnlyTheName()
    {
        await using var catalog = new TestCatalog();

        var info = await catalog.Resolver.GetServiceAsync("unknown", TestContext.Current.CancellationToken);

        Assert.Equal(new ServiceInfo { Name = "unknown" }, info);
    }

    [Fact]
    public async Task Resolver_DescribedService_ReturnsTheDescription()
    {
        await using var catalog = new TestCatalog();
        await catalog.PutAsync(new StorePut(ServiceKeys.Description("shop"), """
            {"name":"shop","critical":true,"hostname":"pub.dev","user":"u","password":"p","ports":{"http":80},"public":true}
            """u8.ToArray()));

        var info = await catalog.Resolver.GetServiceAsync("shop", TestContext.Current.CancellationToken);

        Assert.Equal(
            new ServiceInfo
            {
                Name = "shop",
                Critical = true,
                Hostname = "pub.dev",
                Credentials = new ServiceCredentials("u", "p"),
                Ports = new ServiceMap([KeyValuePair.Create("http", "80")]),
                Public = true,
            },
            info);
    }

    private static async Task AssertAnswersAsync(TestCatalog catalog, string name, JsonNode recorded)
    {
        var service = recorded["service"]!.GetValue<string>();
        var shard = recorded["args"]!.AsArray() is [_, { } asked] ? asked.GetValue<string>() : null;
        var query = new ServiceQuery { Shard = shard };

        var instances = await OutcomeAsync(async () => string.Join(' ', (await catalog.Resolver.GetInstancesAsync(
            service, query, TestContext.Current.CancellationToken)).Select(instance => instance.Id)));
        var uri = await OutcomeAsync(async () => (await catalog.Resolver.GetUriAsync(
            service, SchemeOf(name), "/x", query, includeCredentials: true, TestContext.Current.CancellationToken)).OriginalString);

        Assert.Equal(
            (name, Softened.GetValueOrDefault(name, (Go(recorded["get"]!), GoUri(recorded)))),
            (name, (instances, uri)));
    }

    // The recordings whose names mention a scheme use it; the others use http.
    private static string SchemeOf(string name) =>
        name.StartsWith("scheme-empty", StringComparison.Ordinal) ? ""
        : name.StartsWith("scheme-nope", StringComparison.Ordinal) ? "nope"
        : "http";

    private static async Task<string> OutcomeAsync(Func<Task<string>> queryAsync)
    {
        try
        {
            return await queryAsync();
        }
        catch (EtcdDiscoveryException error)
        {
            return error.GetType().Name;
        }
    }

    private static string Go(JsonNode answer) => answer["hosts_error"]?.GetValue<string>() is { } error
        ? ErrorType(error)
        : string.Join(' ', answer["hosts"]!.AsArray().Select((_, index) => (char)('a' + index)));

    private static string GoUri(JsonNode recorded) => recorded["url_error"]!.GetValue<string>() is { Length: > 0 } error
        ? ErrorType(error)
        : recorded["url"]!.GetValue<string>();

    private static string ErrorType(string message) => message switch
    {
        _ when message.EndsWith("on this shard", StringComparison.Ordinal) => nameof(NoInstanceOnShardException),
        _ when message.EndsWith("no host found for this service", StringComparison.Ordinal) => nameof(NoInstanceFoundException),
        _ when message.EndsWith("service not found", StringComparison.Ordinal) => nameof(ServiceNotFoundException),
        _ when message.EndsWith("unknown scheme", StringComparison.Ordinal) => nameof(UnknownSchemeException),
        _ => message,
    };
}
