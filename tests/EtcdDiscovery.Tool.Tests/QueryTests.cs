using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>The commands that read: services, instances, uri, watch and explain.</summary>
public sealed class QueryTests(SharedEtcd shared)
{
    private const string Escape = "\u001b";

    private readonly string _service = UniqueName.Of("catalog");
    private readonly string _prefix = "/" + UniqueName.Of("fleet");

    [Fact]
    public async Task Services_WithInstances_AreCounted()
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "1", """{"name":"10.0.0.1","ports":{"http":"80"}}""");
        await PutAsync(etcd, "2", """{"name":"10.0.0.2","ports":{"http":"80"},"status":"maintenance"}""");
        await etcd.PutAsync($"{_prefix}/services_infos/{_service}", $$"""{"name":"{{_service}}"}""");

        var table = await RunAsync(etcd, "services");
        var json = await RunAsync(etcd, "services", "--json");

        Assert.Equal(0, table.ExitCode);
        Assert.Equal(["SERVICE INSTANCES SERVING", $"{_service} 2 1"], WordsOf(table));
        Assert.Equal($$"""{"services":[{"name":"{{_service}}","instances":2,"serving":1}]}""", json.Json.ToJsonString());
    }

    [Fact]
    public async Task Instances_OfAShard_AreListedWithoutPasswords()
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "1", """{"name":"10.0.0.1","ports":{"http":"80"},"shard":"blue","user":"me","password":"secret-word"}""");
        await PutAsync(etcd, "2", """{"name":"10.0.0.2","ports":{"http":"80"},"shard":"green"}""");

        var table = await RunAsync(etcd, "instances", _service, "--shard", "blue");
        var json = await RunAsync(etcd, "instances", _service, "--shard", "blue", "--json");

        Assert.Equal(["INSTANCE HOST PORTS STATUS ZONE SHARD WEIGHT", "1 10.0.0.1 http=80 serving blue 1"], WordsOf(table));
        Assert.Equal("10.0.0.1", (string?)json.Json["instances"]![0]!["hostname"]);
        Assert.Single(json.Json["instances"]!.AsArray());
        Assert.DoesNotContain("secret-word", table.Output + json.Output, StringComparison.Ordinal);
        Assert.Equal(3, (await RunAsync(etcd, "instances", _service, "--shard", "red")).ExitCode);
    }

    [Fact]
    public async Task ShowCredentials_Given_PrintsTheCredentials()
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "1", """{"name":"10.0.0.1","ports":{"http":"80"},"user":"me","password":"secret-word"}""");

        Assert.Contains("secret-word", (await RunAsync(etcd, "instances", _service, "--show-credentials")).Output, StringComparison.Ordinal);
        Assert.Equal("http://me:secret-word@10.0.0.1:80", (await RunAsync(etcd, "uri", _service, "--show-credentials")).Output.Trim());
        Assert.Equal("http://10.0.0.1:80", (await RunAsync(etcd, "uri", _service)).Output.Trim());
    }

    [Fact]
    public async Task Names_WithControlCharacters_AreSanitized()
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "evil", """{"name":"10.0.0.1","ports":{"http":"80"},"zone":"\u001b[2J\u202e[bold]","status_reason":"\u0007x\n"}""");
        await etcd.PutAsync($"{_prefix}/services/{_service}/{Escape}]0;title", """{"name":"10.0.0.2"}""");

        foreach (var command in new[] { "instances", "explain" })
        {
            var result = await RunAsync(etcd, command, _service);
            Assert.Contains("evil", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(result.Output.ReplaceLineEndings(""), character => char.IsControl(character) || character == '\u202e');
            Assert.DoesNotContain((await RunAsync(etcd, command, _service, "--json")).Output, character => character is '\u001b' or '\u202e');
        }

        Assert.Contains("[bold]", (await RunAsync(etcd, "instances", _service)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Uri_UnknownScheme_ErrorNamesTheKnownOnes()
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "1", """{"name":"10.0.0.1","ports":{"http":"80"}}""");

        var found = await RunAsync(etcd, "uri", _service, "--scheme", "http", "--path", "/items?page=2", "--json");
        var missing = await RunAsync(etcd, "uri", _service, "--scheme", "grpc");

        Assert.Equal("http://10.0.0.1:80/items?page=2", (string?)found.Json["uri"]);
        Assert.Equal(3, missing.ExitCode);
        Assert.Contains("http", missing.Errors, StringComparison.Ordinal);
        Assert.Equal("", missing.Output);
    }

    [Fact]
    public async Task Explain_InstancesExcluded_StatesTheReasons()
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "1", """{"name":"10.0.0.1","ports":{"http":"80"},"shard":"blue"}""");
        await PutAsync(etcd, "2", """{"name":"10.0.0.2","ports":{"grpc":"81"},"shard":"blue","status":"draining"}""");
        await PutAsync(etcd, "3", """{"name":"10.0.0.3","ports":{"http":"80"},"shard":"green"}""");

        string[] query = ["explain", _service, "--shard", "blue", "--scheme", "http"];
        var table = await RunAsync(etcd, query);
        var json = (await RunAsync(etcd, [.. query, "--json"])).Json["instances"]!.AsArray();

        Assert.Equal(
            ["INSTANCE CANDIDATE REASON", "1 yes", "2 no its status is draining; it has no port for http, only grpc=81", "3 no it serves shard 'green', not 'blue'"],
            WordsOf(table));
        Assert.Equal([true, false, false], json.Select(one => (bool)one!["candidate"]!));
        Assert.Equal("""["status","port"]""", json[1]!["exclusions"]!.ToJsonString());
        Assert.Equal(3, (await RunAsync(etcd, "explain", _service, "--shard", "red")).ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Watch_OfOneOrAllServices_PrintsEachChange(bool all)
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "1", """{"name":"10.0.0.1","ports":{"http":"80"}}""");
        await etcd.PutAsync($"{_prefix}/services_infos/{_service}", $$"""{"name":"{{_service}}"}""");
        await using var tool = ToolProcess.Start(etcd.Endpoint, ["watch", .. all ? Array.Empty<string>() : [_service], "--json", "--key-prefix", _prefix]);

        await tool.WaitForOutputAsync("10.0.0.1");
        await PutAsync(etcd, "2", """{"name":"10.0.0.2","ports":{"http":"80"}}""");
        await tool.WaitForOutputAsync("10.0.0.2");
        await etcd.DeleteAsync($"{_prefix}/services/{_service}/1");
        await tool.WaitForOutputAsync("\"down\"");
        var last = _service;
        if (all)
        {
            last = UniqueName.Of("later");
            await etcd.PutAsync($"{_prefix}/services_infos/{last}", $$"""{"name":"{{last}}"}""");
        }

        await etcd.PutAsync($"{_prefix}/services/{last}/9", """{"name":"10.0.0.9"}""");
        await tool.WaitForOutputAsync("10.0.0.9");
        tool.Terminate();
        var result = await tool.WaitAsync();

        Assert.Equal(0, result.ExitCode);
        var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["up", "up", "down", "up"], lines.Select(line => (string)line["change"]!));
        Assert.Equal("expired", (string?)lines[2]["reason"]);
    }

    [Fact]
    public async Task Instances_Watched_ArePrintedAfterEachChange()
    {
        var etcd = await StartAsync();
        await PutAsync(etcd, "1", """{"name":"10.0.0.1","ports":{"http":"80"}}""");
        await using var tool = ToolProcess.Start(etcd.Endpoint, ["instances", _service, "--watch", "--key-prefix", _prefix]);

        await tool.WaitForOutputAsync("10.0.0.1");
        await PutAsync(etcd, "2", """{"name":"10.0.0.2","ports":{"http":"80"}}""");
        await tool.WaitForOutputAsync("10.0.0.2");
        tool.Terminate();

        Assert.Equal(0, (await tool.WaitAsync()).ExitCode);
        Assert.DoesNotContain(Escape, tool.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_InTheV2Store_AreListed()
    {
        var etcd = await shared.GetAsync(SharedEtcd.WithV2(EtcdVersion.First));
        using var v2 = new V2Api(etcd);
        await v2.SetAsync($"{_prefix}/services/{_service}/1", """{"name":"10.0.0.1","ports":{"http":"80"}}""");

        var result = await RunAsync(etcd, "uri", _service, "--store", "EtcdV2");

        Assert.Equal("http://10.0.0.1:80", result.Output.Trim());
        Assert.Equal(3, (await RunAsync(etcd, "uri", _service)).ExitCode);
    }

    private async Task<EtcdServer> StartAsync() => await shared.GetAsync(EtcdVersion.First);

    private Task PutAsync(EtcdServer etcd, string id, string value) => etcd.PutAsync($"{_prefix}/services/{_service}/{id}", value);

    private Task<ToolResult> RunAsync(EtcdServer etcd, params string[] arguments) =>
        ToolProcess.RunAsync(etcd.Endpoint, [.. arguments, "--key-prefix", _prefix]);

    private static IEnumerable<string> WordsOf(ToolResult result) => result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
}
