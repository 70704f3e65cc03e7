using System.Collections.Concurrent;
using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>What an etcd binary says of itself.</summary>
internal static class EtcdBinary
{
    private static readonly Version FirstWithoutV2 = new(3, 6);

    private static readonly ConcurrentDictionary<string, Version> Versions = new(StringComparer.Ordinal);

    /// <summary>Its version, such as 3.5.16.</summary>
    public static Version VersionOf(string path) => Versions.GetOrAdd(path, AskVersion);

    /// <summary>Whether it has the v2 keys API. etcd 3.6 removed it, and the flag <c>--enable-v2</c> with it.</summary>
    public static bool ServesV2(string path) => VersionOf(path) < FirstWithoutV2;

    /// <summary>How to start it: with these arguments and nothing from this process's own <c>ETCD_</c> variables.</summary>
    public static ProcessStartInfo StartInfo(string path, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(path, arguments);
        // etcd takes every ETCD_ variable for a flag, ETCD_BIN included.
        foreach (var variable in start.Environment.Keys.Where(key => key.StartsWith("ETCD_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        // etcd 3.4 refuses to run on arm64 without it; elsewhere it does no harm.
        start.Environment["ETCD_UNSUPPORTED_ARCH"] = "arm64";
        return start;
    }

    private static Version AskVersion(string path)
    {
        var start = StartInfo(path, ["--version"]);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start.");
        var answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // "etcd Version: 3.6.0-rc.1" and four more lines.
        var first = answer.Split('\n')[0].Split(' ')[^1].Split('-')[0];
        return Version.TryParse(first, out var version)
            ? version
            : throw new InvalidOperationException($"{path} --version does not answer as etcd does: {answer}");
    }
}
