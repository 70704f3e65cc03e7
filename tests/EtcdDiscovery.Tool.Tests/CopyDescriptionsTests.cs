using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>Copying descriptions between the v2 and the v3 store of a real etcd.</summary>
public sealed class CopyDescriptionsTests(SharedEtcd shared)
{
    private const string Secret = """{"name":"shop","critical":false,"user":"me","password":"secret-word"}""";

    private readonly string _prefix = "/" + UniqueName.Of("fleet");

    [Fact]
    public async Task Descriptions_FromV2ToV3_AreCopiedOnlyWhenApplied()
    {
        var etcd = await StartAsync();
        using var v2 = new V2Api(etcd);
        await v2.SetAsync($"{_prefix}/services_infos/shop", Secret);
        await v2.SetAsync($"{_prefix}/services_infos/a/b", """{"name":"a/b","critical":true}""");
        await v2.SetAsync($"{_prefix}/services_infos/broken", "garbage");
        await v2.SetAsync($"{_prefix}/services_infos/other", """{"name":"other","critical":true}""");
        await v2.SetAsync($"{_prefix}/services/shop/1", """{"name":"10.0.0.1"}""");
        await etcd.PutAsync($"{_prefix}/services_infos/other", """{"name":"other","critical":false}""");

        var dryRun = await RunAsync(etcd);
        Assert.Equal(["a/b: missing", "broken: unreadable", "other: differs", "shop: missing"], ResultsOf(dryRun));
        Assert.Single(await etcd.ReadAsync(_prefix));

        var applied = await RunAsync(etcd, "--apply");
        Assert.Equal(["a/b: copied", "broken: unreadable", "other: differs", "shop: copied"], ResultsOf(applied));
        Assert.Equal(6, applied.ExitCode);
        Assert.DoesNotContain("secret-word", dryRun.Output + applied.Output, StringComparison.Ordinal);

        var entries = await etcd.ReadAsync(_prefix);
        Assert.Equal(["a/b", "other", "shop"], entries.Select(entry => entry.Key[$"{_prefix}/services_infos/".Length..]));
        Assert.Equal(Secret, entries[2].Value);
        Assert.All(entries, entry => Assert.Null(entry.Lease));
        Assert.Equal("shop: same", ResultsOf(await RunAsync(etcd, "--apply")).Last());
    }

    [Fact]
    public async Task Descriptions_FromV3ToV2_AreCopied()
    {
        var etcd = await StartAsync();
        using var v2 = new V2Api(etcd);
        await etcd.PutAsync($"{_prefix}/services_infos/shop", Secret);

        var result = await ToolProcess.RunAsync(
            etcd.Endpoint, "copy-descriptions", "--from", "Etcd", "--to", "EtcdV2", "--key-prefix", _prefix, "--apply");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("copied", result.Output, StringComparison.Ordinal);
        var node = await v2.FindAsync($"{_prefix}/services_infos/shop");
        Assert.Equal(Secret, (string?)node!["value"]);
        Assert.Null(node["ttl"]);
    }

    [Fact]
    public async Task SourceAndTarget_TheSameStore_IsAnError()
    {
        var result = await ToolProcess.RunAsync(null, "copy-descriptions", "--from", "Etcd", "--to", "Etcd");

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--to-endpoints", result.Errors, StringComparison.Ordinal);
    }

    private async Task<EtcdServer> StartAsync() => await shared.GetAsync(SharedEtcd.WithV2(EtcdVersion.First));

    private Task<ToolResult> RunAsync(EtcdServer etcd, params string[] arguments) => ToolProcess.RunAsync(
        etcd.Endpoint, ["copy-descriptions", "--from", "EtcdV2", "--to", "Etcd", "--key-prefix", _prefix, "--json", .. arguments]);

    private static IEnumerable<string> ResultsOf(ToolResult result) =>
        result.Json["services"]!.AsArray().Select(service => $"{service!["name"]}: {service["result"]}");
}
