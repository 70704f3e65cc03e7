using System.Collections.Concurrent;
using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The version of an etcd binary, and how to start it.</summary>
internal static class EtcdBinary
{
    private static readonly Version FirstWithoutV2 = new(3, 6);

    private static readonly ConcurrentDictionary<string, Version> Versions = new(StringComparer.Ordinal);

    /// <summary>The version, such as 3.5.16.</summary>
    public static Version VersionOf(string path) => Versions.GetOrAdd(path, ReadVersion);

    /// <summary>Whether the binary has the v2 keys API. etcd 3.6 removed it, together with the flag <c>--enable-v2</c>.</summary>
    public static bool ServesV2(string path) => VersionOf(path) < FirstWithoutV2;

    /// <summary>The start info with these arguments, and without this process's <c>ETCD_</c> variables.</summary>
    public static ProcessStartInfo StartInfo(string path, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(path, arguments);
        // etcd reads every ETCD_ variable as a flag, including ETCD_BIN.
        foreach (var variable in start.Environment.Keys.Where(key => key.StartsWith("ETCD_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        // On arm64, etcd 3.4 does not run without this variable; other platforms ignore it.
        start.Environment["ETCD_UNSUPPORTED_ARCH"] = "arm64";
        return start;
    }

    private static Version ReadVersion(string path)
    {
        var start = StartInfo(path, ["--version"]);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start.");
        var answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // The first line is like "etcd Version: 3.6.0-rc.1", and four more lines follow.
        var first = answer.Split('\n')[0].Split(' ')[^1].Split('-')[0];
        return Version.TryParse(first, out var version)
            ? version
            : throw new InvalidOperationException($"{path} --version has unexpected output: {answer}");
    }
}
