using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Runs shell commands with <c>etcdctl</c> on the path, as an operator does.</summary>
internal static class EtcdCtl
{
    public static Task RunAsync(EtcdServer server, IEnumerable<string> lines) => RunAsync(server, null, lines);

    /// <param name="server">The etcd server.</param>
    /// <param name="user">User and password, separated by a colon; null before authentication is enabled.</param>
    /// <param name="lines">The commands, one per line.</param>
    public static async Task<string> RunAsync(EtcdServer server, string? user, IEnumerable<string> lines)
    {
        var start = new ProcessStartInfo("bash", ["-euc", string.Join('\n', lines)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                // Prefers the server's own etcdctl, because that of 3.6 does not speak v2. Debian's packages install it beside etcd; elsewhere it is
                // on
                // the path.
                ["PATH"] = $"{Path.GetDirectoryName(server.Binary)}:{Environment.GetEnvironmentVariable("PATH")}",
                ["ETCDCTL_API"] = "3",
                ["ETCDCTL_ENDPOINTS"] = server.Endpoint,
            },
        };
        if (user is not null)
        {
            start.Environment["ETCDCTL_USER"] = user;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}: {await error}");
        return await output;
    }
}
