using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>Tests the exit codes and error messages, because scripts rely on them.</summary>
public sealed class ExitCodeTests(SharedEtcd shared)
{
    private const string ClosedPort = "http://127.0.0.1:1";

    [Theory]
    [InlineData("frob", "'frob'")]
    [InlineData("instances", "NAME")]
    [InlineData("services --store Redis", "--store is 'Redis': expected Etcd or EtcdV2.")]
    [InlineData("copy-descriptions --from etcd --to EtcdV2", "--from is 'etcd': expected Etcd or EtcdV2.")]
    [InlineData("services --key-prefix fleet", "EtcdDiscovery:KeyPrefix is 'fleet'")]
    [InlineData("services --user me", "EtcdDiscovery:Etcd:Password is not set")]
    [InlineData("services --settings /nowhere.json", "--settings is '/nowhere.json'")]
    [InlineData("register web", "--port http=8080")]
    [InlineData("register web --port http", "expected SCHEME=PORT")]
    [InlineData("register web --port http=99999", "EtcdDiscovery:Service:Ports:http is '99999'")]
    [InlineData("register web --port http=80 --port http=81", "twice")]
    [InlineData("register a//b --port http=80", "a//b")]
    public async Task Command_InvalidArguments_ReportsThemAndReturns2(string arguments, string reason)
    {
        var result = await ToolProcess.RunAsync(ClosedPort, arguments.Split(' '));

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(reason, result.Errors, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
        Assert.Single(result.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task Service_IncompleteSettings_MatterOnlyToRegister()
    {
        var etcd = await shared.GetAsync(EtcdVersion.First);
        await using var services = ToolProcess.Start(etcd.Endpoint, ["services"], ("EtcdDiscovery__Service__User", "me"));

        var result = await services.WaitAsync();

        Assert.True(result.ExitCode == 0, result.Errors);
    }

    [Theory]
    [InlineData("services")]
    [InlineData("instances web")]
    [InlineData("instances web --watch")]
    [InlineData("uri web")]
    [InlineData("watch")]
    [InlineData("watch web")]
    [InlineData("explain web --json")]
    public async Task Etcd_Unreachable_Returns4(string arguments)
    {
        var result = await ToolProcess.RunAsync(null, [.. arguments.Split(' '), "--endpoints", $"{ClosedPort},127.0.0.1:2"]);

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("connection refused", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_Unknown_Returns3()
    {
        var etcd = await shared.GetAsync(EtcdVersion.First);
        var unknown = UniqueName.Of("unknown");

        foreach (var command in new[] { "instances", "uri", "explain" })
        {
            var result = await ToolProcess.RunAsync(etcd.Endpoint, command, unknown);
            Assert.Equal(3, result.ExitCode);
            Assert.Contains(unknown, result.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Help_OfEveryCommand_Returns0AndListsTheExitCodes()
    {
        var help = await ToolProcess.RunAsync(null, "--help");

        Assert.Equal(0, help.ExitCode);
        Assert.Contains("4  etcd is unreachable", help.Output, StringComparison.Ordinal);
        foreach (var command in new[] { "services", "instances", "uri", "watch", "explain", "register", "doctor", "copy-descriptions" })
        {
            Assert.Equal(0, (await ToolProcess.RunAsync(null, command, "--help")).ExitCode);
        }
    }

    [Fact]
    public async Task SettingsFile_OfAnApplication_IsUsed()
    {
        var etcd = await shared.GetAsync(EtcdVersion.First);
        var prefix = "/" + UniqueName.Of("fleet");
        await etcd.PutAsync($"{prefix}/services/web/1", """{"name":"10.0.0.1","ports":{"http":"80"}}""");
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            file,
            $$"""{ "EtcdDiscovery": { "KeyPrefix": "{{prefix}}", "Enabled": false, "Service": { "Name": "shop" }, "Etcd": { "Endpoints": "{{etcd.Endpoint}}" } } }""",
            TestContext.Current.CancellationToken);
        try
        {
            var result = await ToolProcess.RunAsync(null, "uri", "web", "--settings", file);

            Assert.Equal("http://10.0.0.1:80", result.Output.Trim());
            // The file configures a service, but the tool does not register it.
            Assert.Empty(await etcd.ReadAsync($"{prefix}/services/shop/"));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
