using System.Diagnostics;
using System.Runtime.Versioning;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The fixtures run every etcd from 3.4 on. A fake binary stands in for 3.6, which no package source here has.</summary>
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
    public void Binary_EachVersion_ServesV2UpTo35(string version, bool servesV2) =>
        Assert.Equal(servesV2, EtcdBinary.ServesV2(CreateFakeBinary(version)));

    [Fact]
    public async Task Server_VersionWithoutV2_StartsWithoutTheFlag()
    {
        await using var server = await EtcdServer.StartAsync(CreateFakeBinary("3.6.14"));

        await server.PutAsync("/a", "1");

        Assert.Equal("1", (await server.FindAsync("/a"))?.Value);
    }

    [Fact]
    public async Task Server_RefusingAFlag_FailsWithItsErrorOutput()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => EtcdServer.StartAsync(Real, new EtcdSecurity { Flags = ["--no-such-flag"] }));

        Assert.Contains("exit code 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("flag provided but not defined: -no-such-flag", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_PreparationFails_IsStopped()
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
    public async Task Script_WithV2Option_PrintsABinaryWithV2(string first, string? second, string? chosen)
    {
        var binaries = new Dictionary<string, string> { ["first"] = CreateFakeBinary(first), ["second"] = second is null ? "" : CreateFakeBinary(second) };
        using var script = Process.Start(new ProcessStartInfo(Repository.PathOf("eng/etcd.sh"), ["--v2"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ETCD_BIN"] = binaries["first"],
                // Hides other versions in the cache or from the package manager.
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

    /// <summary>Creates a fake binary that reports another version and, from 3.6 on, refuses the flags that this version refuses.</summary>
    private string CreateFakeBinary(string version)
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
