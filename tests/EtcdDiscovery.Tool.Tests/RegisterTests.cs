using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>The register command, with and without a child process.</summary>
public sealed class RegisterTests(SharedEtcd shared)
{
    private readonly string _service = UniqueName.Of("web");

    [Fact]
    public async Task Service_WithoutACommand_IsRegisteredUntilASignal()
    {
        var etcd = await StartAsync();
        await using var tool = ToolProcess.Start(
            etcd.Endpoint,
            ["register", _service, "--port", "http=8080", "--port", "grpc=8081", "--hostname", "10.0.0.7", "--zone", "a", "--shard", "blue", "--weight", "2", "--metadata", "version=1.4"]);

        var instance = await InstanceAsync(etcd);
        tool.Terminate();
        var result = await tool.WaitAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Equal("10.0.0.7", (string?)instance["name"]);
        Assert.Equal("""{"grpc":"8081","http":"8080"}""", instance["ports"]!.ToJsonString());
        Assert.Equal(("a", "blue", 2.0), ((string)instance["zone"]!, (string)instance["shard"]!, (double)instance["weight"]!));
        Assert.Equal("1.4", (string?)instance["metadata"]!["version"]);
        Assert.Contains("Withdrawn", result.Errors, StringComparison.Ordinal);
        Assert.Empty(await EntriesAsync(etcd));
    }

    [Fact]
    public async Task Command_Exits_IsWithdrawnAndItsExitCodeReturned()
    {
        var etcd = await StartAsync();
        var signal = Path.Combine(Path.GetTempPath(), _service);
        await using var tool = ToolProcess.Start(
            etcd.Endpoint,
            ["register", _service, "--port", "http=8080", "--no-wait", "--json", "--", "sh", "-c", "until [ -e \"$0\" ]; do sleep 0.05; done; rm \"$0\"; exit 7", signal]);

        await InstanceAsync(etcd);
        await File.WriteAllTextAsync(signal, "", TestContext.Current.CancellationToken);
        var result = await tool.WaitAsync();

        Assert.Equal(7, result.ExitCode);
        Assert.Empty(await EntriesAsync(etcd));
        var states = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (string)JsonNode.Parse(line)!["state"]!);
        Assert.Equal(["registered", "withdrawn"], states.SkipWhile(state => state == "registering"));
    }

    [Fact]
    public async Task Signal_WithACommand_WithdrawsAndStopsTheCommand()
    {
        var etcd = await StartAsync();
        await using var tool = ToolProcess.Start(
            etcd.Endpoint,
            ["register", _service, "--port", "http=8080", "--no-wait", "--", "sh", "-c", "trap 'echo stopping; exit 9' TERM; while :; do sleep 0.1; done"]);

        await InstanceAsync(etcd);
        tool.Terminate();
        var result = await tool.WaitAsync();

        Assert.Equal(9, result.ExitCode);
        Assert.Contains("stopping", result.Output, StringComparison.Ordinal);
        Assert.Empty(await EntriesAsync(etcd));
    }

    [Fact]
    public async Task Command_IgnoresTheSignal_IsKilled()
    {
        var etcd = await StartAsync();
        await using var tool = ToolProcess.Start(
            etcd.Endpoint,
            ["register", _service, "--port", "http=8080", "--no-wait", "--stop-timeout", "0.2", "--", "sh", "-c", "trap '' TERM; echo ignoring; while :; do sleep 0.1; done"]);

        await tool.WaitForOutputAsync("ignoring");
        await InstanceAsync(etcd);
        tool.Terminate();
        var result = await tool.WaitAsync();

        Assert.Equal(137, result.ExitCode);
        Assert.Contains("killing it", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ports_OfACommand_AreAwaited()
    {
        var etcd = await StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        listener.Stop();
        await using var tool = ToolProcess.Start(
            etcd.Endpoint, ["register", _service, "--port", $"http={port}", "--", "sh", "-c", "echo started; while :; do sleep 0.1; done"]);

        // Logged after five seconds without a connection.
        await tool.WaitForErrorsAsync($"Port http={port} does not accept connections");
        Assert.Empty(await EntriesAsync(etcd));
        using var server = new TcpListener(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
        server.Start();
        await InstanceAsync(etcd);
        tool.Terminate();

        Assert.Equal(143, (await tool.WaitAsync()).ExitCode);
    }

    [Fact]
    public async Task Command_ExitsBeforeItsPortIsOpen_IsNotRegistered()
    {
        var etcd = await StartAsync();

        var result = await ToolProcess.RunAsync(etcd.Endpoint, "register", _service, "--port", "http=1", "--", "sh", "-c", "exit 3");

        Assert.Equal(3, result.ExitCode);
        Assert.Empty(await etcd.ReadAsync($"/services_infos/{_service}"));
    }

    [Theory]
    [InlineData("/nowhere/command", 127)]
    [InlineData("/", 126)]
    public async Task Command_CannotBeStarted_ReturnsTheExitCodeOfShells(string command, int exitCode)
    {
        var etcd = await StartAsync();

        var result = await ToolProcess.RunAsync(etcd.Endpoint, "register", _service, "--port", "http=8080", "--", command, "--json", "@file");

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(command, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signals_ForMaintenance_ChangeTheStatus()
    {
        var etcd = await StartAsync();
        await using var tool = ToolProcess.Start(etcd.Endpoint, ["register", _service, "--port", "http=8080", "--maintenance"]);

        Assert.Equal("maintenance", (string?)(await InstanceAsync(etcd))["status"]);
        await tool.SignalAsync("USR2");
        await Eventually.TrueAsync(async () => (await InstanceAsync(etcd))["status"] is null, "the instance serves");
        await tool.SignalAsync("USR1");
        await Eventually.TrueAsync(async () => (string?)(await InstanceAsync(etcd))["status"] == "maintenance", "the instance is in maintenance");
        tool.Terminate();

        Assert.Equal(0, (await tool.WaitAsync()).ExitCode);
    }

    [Fact]
    public async Task Etcd_Unreachable_CommandStillRuns()
    {
        await using var tool = ToolProcess.Start(
            "http://127.0.0.1:1", ["register", _service, "--port", "http=8080", "--no-wait", "--", "sh", "-c", "echo served; exit 5"]);

        var result = await tool.WaitAsync();

        Assert.Equal(5, result.ExitCode);
        Assert.Contains("served", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Etcd_DeniesTheRegistration_IsReportedAndASignalStopsTheTool()
    {
        await using var etcd = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await etcd.EnableAuthAsync();
        await using var tool = ToolProcess.Start(
            etcd.Endpoint,
            ["register", _service, "--port", "http=8080"],
            ("EtcdDiscovery__Etcd__User", "reader"),
            ("EtcdDiscovery__Etcd__Password", AuthenticatedEtcd.Password));

        await tool.WaitForErrorsAsync("permission denied");
        tool.Terminate();

        Assert.Equal(0, (await tool.WaitAsync()).ExitCode);
    }

    [Fact]
    public async Task Etcd_BecomesUnreachable_ASignalStopsTheTool()
    {
        await using var etcd = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var tool = ToolProcess.Start(etcd.Endpoint, ["register", _service, "--port", "http=8080"]);

        await InstanceAsync(etcd);
        await etcd.KillAsync();
        tool.Terminate();

        Assert.Equal(0, (await tool.WaitAsync()).ExitCode);
    }

    private async Task<EtcdServer> StartAsync() => await shared.GetAsync(EtcdVersion.First);

    private Task<IReadOnlyList<EtcdEntry>> EntriesAsync(EtcdServer etcd) => etcd.ReadAsync($"/services/{_service}/");

    private async Task<JsonNode> InstanceAsync(EtcdServer etcd)
    {
        IReadOnlyList<EtcdEntry> entries = [];
        await Eventually.TrueAsync(async () => (entries = await EntriesAsync(etcd)).Count > 0, "the service is registered");
        return JsonNode.Parse(entries.Single().Value)!;
    }
}
