using System.Collections.Concurrent;
using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The version of an etcd binary.</summary>
internal static class EtcdBinary
{
    private static readonly Version FirstWithoutV2 = new(3, 6);

    private static readonly ConcurrentDictionary<string, Version> Versions = new(StringComparer.Ordinal);

    /// <summary>The version, such as 3.5.16.</summary>
    public static Version VersionOf(string path) => Versions.GetOrAdd(path, ReadVersion);

    /// <summary>Whether the binary has the v2 keys API. etcd 3.6 removed it, together with the flag <c>--enable-v2</c>.</summary>
    public static bool ServesV2(string path) => VersionOf(path) < FirstWithoutV2;

    private static Version ReadVersion(string path)
    {
        var start = Testing.EtcdLaunch.StartInfo(path, ["--version"]);
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
