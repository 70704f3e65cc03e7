using System.Diagnostics;
using System.Runtime.Versioning;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The fixtures run every etcd from 3.4 on. What 3.6 does differently is shown by a stand-in: no package here has it.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class EtcdBinaryTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etcd-stand-in-");

    private static string Real => SharedEtcd.BinaryOf(EtcdVersion.First);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("3.4.23", true)]
    [InlineData("3.5.30", true)]
    [InlineData("3.6.0-rc.1", false)]
    [InlineData("3.6.14", false)]
    [InlineData("3.7.1", false)]
    public void Binary_OfEachVersion_ServesV2UpToThreeFive(string version, bool servesV2) =>
        Assert.Equal(servesV2, EtcdBinary.ServesV2(StandIn(version)));

    [Fact]
    public async Task Server_OfAVersionWithoutV2_IsStartedWithoutTheFlag()
    {
        await using var server = await EtcdServer.StartAsync(StandIn("3.6.14"));

        await server.PutAsync("/a", "1");

        Assert.Equal("1", (await server.FindAsync("/a"))?.Value);
    }

    [Fact]
    public async Task Server_ThatRefusesAFlag_FailsWithWhatItSaid()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => EtcdServer.StartAsync(Real, new EtcdSecurity { Flags = ["--no-such-flag"] }));

        Assert.Contains("exit code 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("flag provided but not defined: -no-such-flag", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_WhosePreparationFails_IsEnded()
    {
        EtcdServer? started = null;

        await Assert.ThrowsAsync<TimeoutException>(() => EtcdServer.StartAsync(Real, new EtcdSecurity(), server =>
        {
            started = server;
            throw new TimeoutException();
        }));

        using var client = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(started!.Endpoint), Token));
    }

    [Theory]
    [InlineData("3.6.14", null, null)]
    [InlineData("3.6.14", "3.7.1", null)]
    [InlineData("3.6.14", "3.5.16", "second")]
    [InlineData("3.5.16", "3.6.14", "first")]
    public async Task Script_AskedForV2_PrintsABinaryThatHasIt(string first, string? second, string? chosen)
    {
        var binaries = new Dictionary<string, string> { ["first"] = StandIn(first), ["second"] = second is null ? "" : StandIn(second) };
        using var script = Process.Start(new ProcessStartInfo(Repository.PathOf("eng/etcd.sh"), ["--v2"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ETCD_BIN"] = binaries["first"],
                // Nothing else may be found: another version of the cache, or of the package manager.
                ["ETCD_BIN_2"] = second is null ? binaries["first"] : binaries["second"],
            },
        })!;
        var said = script.StandardError.ReadToEndAsync(Token);
        var printed = (await script.StandardOutput.ReadToEndAsync(Token)).Trim();
        await script.WaitForExitAsync(Token);

        Assert.Equal(chosen is null ? "" : binaries[chosen], printed);
        Assert.Equal(chosen is null ? 1 : 0, script.ExitCode);
        Assert.Contains(chosen is null ? $"etcd {first[..3]} has no v2 keys API" : "", await said, StringComparison.Ordinal);
    }

    /// <summary>A binary that says it is another version, and from 3.6 on refuses what that version refuses.</summary>
    private string StandIn(string version)
    {
        var path = Path.Combine(_folder.FullName, "etcd-" + version);
        File.WriteAllText(path, $"""
            #!/bin/sh
            for argument; do
              case {version}:$argument in
                *:--version) echo "etcd Version: {version}"; exit ;;
                3.[67]*:--enable-v2) echo "flag provided but not defined: -enable-v2" >&2; exit 2 ;;
              esac
            done
            exec '{Real}' "$@"

            """);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
