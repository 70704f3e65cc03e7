using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>The doctor reports problems of a real etcd, of permissions and of entries, and changes nothing.</summary>
public sealed class DoctorTests(SharedEtcd shared)
{
    private readonly string _prefix = "/" + UniqueName.Of("fleet");

    [Theory]
    [InlineData(EtcdVersion.First, "Etcd")]
    [InlineData(EtcdVersion.Second, "Etcd")]
    [InlineData(EtcdVersion.First, "EtcdV2")]
    public async Task HealthyEtcd_OfEachStore_HasNoProblem(EtcdVersion version, string store)
    {
        var etcd = await shared.GetAsync(SharedEtcd.For(store, version));
        await etcd.PutAsync($"{_prefix}/services/web/1", """{"name":"10.0.0.1","ports":{"http":"80"}}""");
        await etcd.PutAsync($"{_prefix}/services_infos/web", """{"name":"web"}""");

        var (exitCode, findings) = await DiagnoseAsync(etcd, "--store", store);

        Assert.Equal(0, exitCode);
        Assert.All(findings, finding => Assert.Equal("ok", finding.Severity));
        string[] checks = ["endpoint", "clock", "v2", "version", "leader", "latency", "tls", "read", "write", "entries", "hosts"];
        Assert.All(checks, check => Assert.Contains(findings, finding => finding.Check == check));
        Assert.Contains(EtcdBinary.VersionOf(etcd.Binary).ToString(3), findings.Single(finding => finding.Check == "version").Message, StringComparison.Ordinal);
        // The check of the write permission wrote nothing.
        Assert.Equal(2, (await etcd.ReadAsync(_prefix)).Count);
    }

    [Fact]
    public async Task Entries_UnreadableOrUnreachable_AreReported()
    {
        var etcd = await shared.GetAsync(EtcdVersion.First);
        await etcd.PutAsync($"{_prefix}/services/web/1", "garbage\u001b");
        await etcd.PutAsync($"{_prefix}/services/web/2", """{"name":"127.0.0.1","ports":{"http":"80"}}""");
        await etcd.PutAsync($"{_prefix}/services/web/3", """{"name":"nowhere.invalid","ports":{"http":"0"}}""");
        await etcd.PutAsync($"{_prefix}/services/web/4", """{"name":"10.0.0.1"}""");
        await etcd.PutAsync($"{_prefix}/services/stray", """{"name":"10.0.0.1"}""");
        await etcd.PutAsync($"{_prefix}/services_infos/web", "garbage");

        var (exitCode, findings) = await DiagnoseAsync(etcd);

        Assert.Equal(6, exitCode);
        Assert.Equal(
            [$"{_prefix}/services/stray", $"{_prefix}/services/web/1", $"{_prefix}/services_infos/web"],
            findings.Where(finding => finding is { Check: "entries", Severity: "problem" }).Select(finding => finding.Subject).Order(StringComparer.Ordinal));
        Assert.Equal(
            [
                ("web/2", "host '127.0.0.1' can be called only from its own machine"),
                ("web/3", "port http=0 is not a number from 1 to 65535"),
                ("web/3", "host 'nowhere.invalid' cannot be resolved on this machine"),
                ("web/4", "has no port"),
            ],
            findings.Where(finding => finding is { Check: "hosts", Severity: "warning" }).Select(finding => (finding.Subject, finding.Message)));
        Assert.All(findings.Where(finding => finding.Severity != "ok"), finding => Assert.NotEmpty(finding.Fix!));
    }

    [Fact]
    public async Task Endpoint_Down_IsAProblemAndTheOthersAreChecked()
    {
        var etcd = await shared.GetAsync(EtcdVersion.First);

        var text = await ToolProcess.RunAsync(etcd.Endpoint, "doctor", "--endpoints", $"http://127.0.0.1:1,{etcd.Endpoint}", "--key-prefix", _prefix);

        Assert.Equal(6, text.ExitCode);
        Assert.Contains("problem  endpoint        http://127.0.0.1:1: connection refused. Fix: ", text.Output, StringComparison.Ordinal);
        Assert.Contains("ok       read            " + _prefix, text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_Unresponsive_IsAProblem()
    {
        await using var etcd = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        etcd.Pause();

        var (exitCode, findings) = await DiagnoseAsync(etcd);
        var table = await ToolProcess.RunAsync(etcd.Endpoint, "services");

        Assert.Equal((6, "no answer within 3 s"), (exitCode, findings.Single(finding => finding.Check == "endpoint").Message));
        Assert.Equal(4, table.ExitCode);
    }

    [Fact]
    public async Task Endpoints_OfTwoClusters_AreAProblem()
    {
        await using var other = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        var etcd = await shared.GetAsync(EtcdVersion.First);

        var (exitCode, findings) = await DiagnoseAsync(etcd, "--endpoints", $"{other.Endpoint},{etcd.Endpoint}");

        Assert.Equal(6, exitCode);
        Assert.Contains(findings, finding => finding is { Check: "cluster", Severity: "problem" });
    }

    [Fact]
    public async Task Cluster_WithoutALeader_IsAProblem()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await cluster.Members[0].KillAsync();
        await cluster.Members[1].KillAsync();
        var survivor = cluster.Members[2];
        IReadOnlyList<Finding> findings = [];

        await Eventually.TrueAsync(
            async () => (findings = (await DiagnoseAsync(survivor)).Findings).Any(finding => finding is { Check: "leader", Severity: "problem" }),
            "the doctor reports the missing leader");

        Assert.DoesNotContain(findings, finding => finding.Check == "alarm");
        Assert.DoesNotContain(findings, finding => finding is { Check: "entries" or "read" });
    }

    [Fact]
    public async Task V2Api_Disabled_IsAProblemOnlyForItsStore()
    {
        var binary = SharedEtcd.BinaryOf(SharedEtcd.WithV2(EtcdVersion.First));
        await using var etcd = await EtcdServer.StartAsync(binary, new EtcdSecurity { Flags = ["--enable-v2=false"] });

        Assert.Equal(0, (await DiagnoseAsync(etcd)).ExitCode);
        var (exitCode, findings) = await DiagnoseAsync(etcd, "--store", "EtcdV2");
        Assert.Equal(6, exitCode);
        Assert.Contains("--enable-v2", findings.Single(finding => finding is { Check: "v2", Severity: "problem" }).Fix, StringComparison.Ordinal);
        Assert.DoesNotContain(findings, finding => finding.Check is "read" or "write");
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Permissions_OfAUser_AreCheckedForEachPrefix(EtcdVersion version)
    {
        await using var etcd = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await etcd.EnableAuthAsync();

        Assert.Equal("ok ok ok ok", await PermissionsAsync(etcd, "writer", AuthenticatedEtcd.Password));
        Assert.Equal("ok warning ok warning", await PermissionsAsync(etcd, "reader", AuthenticatedEtcd.Password));
        Assert.Equal("problem warning problem warning", await PermissionsAsync(etcd, "unprivileged", AuthenticatedEtcd.Password));
        Assert.Equal("", await PermissionsAsync(etcd, "reader", "wrong-secret"));

        var (exitCode, findings) = await DiagnoseAsync(etcd);
        Assert.Equal(6, exitCode);
        Assert.All(findings.Where(finding => finding.Check == "read"), finding => Assert.Contains("EtcdDiscovery:Etcd:User", finding.Fix, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Permissions_InTheV2Store_AreChecked()
    {
        await using var etcd = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.WithV2(EtcdVersion.First)));
        await etcd.EnableV2AuthAsync();

        Assert.Equal("ok warning ok warning", await PermissionsAsync(etcd, "reader", AuthenticatedEtcd.Password, "--store", "EtcdV2"));
        Assert.Equal("problem warning problem warning", await PermissionsAsync(etcd, "reader", "wrong-secret", "--store", "EtcdV2"));
    }

    [Fact]
    public async Task Certificates_OfServerAndClient_AreReportedWithTheirDates()
    {
        using var authority = new TestAuthority();
        await using var etcd = await authority.StartEtcdAsync(EtcdVersion.First);
        var client = authority.Issue("client", notAfter: DateTimeOffset.UtcNow.AddDays(20));

        var (exitCode, findings) = await DiagnoseTlsAsync(etcd, authority, client);
        var tls = findings.Where(finding => finding.Check == "tls").ToList();

        Assert.Equal(0, exitCode);
        // The certificate of the server is valid for one day.
        Assert.Equal(["warning", "ok"], tls.Select(finding => finding.Severity));
        Assert.Contains("'CN=client' is valid from", tls[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificates_OfAnotherAuthority_AreAProblem()
    {
        using var authority = new TestAuthority();
        using var other = new TestAuthority("another authority");
        await using var etcd = await authority.StartEtcdAsync(EtcdVersion.First);

        var (exitCode, findings) = await DiagnoseTlsAsync(etcd, other, authority.Issue("client"));

        Assert.Equal(6, exitCode);
        Assert.Contains("another authority", findings.Single(finding => finding.Check == "endpoint").Message, StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, IReadOnlyList<Finding> Findings)> DiagnoseAsync(EtcdServer etcd, params string[] arguments) =>
        Read(await ToolProcess.RunAsync(etcd.Endpoint, ["doctor", "--json", "--key-prefix", _prefix, .. arguments]));

    private static async Task<(int ExitCode, IReadOnlyList<Finding> Findings)> DiagnoseTlsAsync(EtcdServer etcd, TestAuthority authority, TestIdentity client)
    {
        await using var tool = ToolProcess.Start(
            etcd.Endpoint,
            ["doctor", "--json"],
            ("EtcdDiscovery__Etcd__Tls__CertificateAuthority", authority.File),
            ("EtcdDiscovery__Etcd__Tls__Certificate", client.CertificateFile),
            ("EtcdDiscovery__Etcd__Tls__Key", client.KeyFile));
        return Read(await tool.WaitAsync());
    }

    private static (int ExitCode, IReadOnlyList<Finding> Findings) Read(ToolResult result)
    {
        Assert.True(result.Output.Length > 0, result.Errors);
        var findings = result.Json["checks"]!.AsArray().Select(check => new Finding(
            (string)check!["severity"]!, (string)check["check"]!, (string)check["subject"]!, (string)check["message"]!, (string?)check["fix"]));
        return (result.ExitCode, [.. findings]);
    }

    /// <summary>Returns the severities of the read and write checks of a user for the two prefixes.</summary>
    private static async Task<string> PermissionsAsync(EtcdServer etcd, string user, string password, params string[] arguments)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, password, CancellationToken.None);
        var result = await ToolProcess.RunAsync(etcd.Endpoint, ["doctor", "--json", "--user", user, "--password-file", file, .. arguments]);
        File.Delete(file);
        Assert.DoesNotContain(password, result.Output + result.Errors, StringComparison.Ordinal);
        var (exitCode, findings) = Read(result);
        Assert.Equal(findings.Any(finding => finding.Severity == "problem") ? 6 : 0, exitCode);
        return string.Join(' ', findings.Where(finding => finding.Check is "read" or "write").Select(finding => finding.Severity));
    }

    private sealed record Finding(string Severity, string Check, string Subject, string Message, string? Fix);
}
