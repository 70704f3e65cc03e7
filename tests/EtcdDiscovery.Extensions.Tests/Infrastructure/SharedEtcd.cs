using EtcdDiscovery.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(SharedEtcd))]

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The etcd binaries that the tests run against.</summary>
public enum EtcdVersion
{
    /// <summary>From <c>ETCD_BIN</c>; the tests fail without it.</summary>
    First,

    /// <summary>From <c>ETCD_BIN_2</c>; its tests are skipped without it.</summary>
    Second,
}

/// <summary>One running etcd of each version, shared by all tests that do not damage it. Each test uses its own keys.</summary>
public sealed class SharedEtcd : IAsyncDisposable
{
    private readonly Lazy<Task<EtcdServer>> _first = new(() => EtcdServer.StartAsync(BinaryOf(EtcdVersion.First)));
    private readonly Lazy<Task<EtcdServer>> _second = new(() => EtcdServer.StartAsync(BinaryOf(EtcdVersion.Second)));

    /// <summary>The path of a version's binary. Skips or fails the test if it is not set.</summary>
    public static string BinaryOf(EtcdVersion version)
    {
        if (FindBinary(version) is { } path)
        {
            return path;
        }

        Assert.SkipWhen(version == EtcdVersion.Second, "ETCD_BIN_2 is not set: there is no second etcd version to test against.");
        throw new InvalidOperationException("ETCD_BIN is not set: run eng/test.sh, which downloads etcd and sets it.");
    }

    /// <summary>
    /// The version for a test of the v2 keys API: the given one if it has that API, else the other one. Skips the test if neither has it.
    /// </summary>
    public static EtcdVersion WithV2(EtcdVersion version)
    {
        var wanted = BinaryOf(version);
        var other = version == EtcdVersion.First ? EtcdVersion.Second : EtcdVersion.First;
        if (EtcdBinary.ServesV2(wanted))
        {
            return version;
        }

        Assert.SkipUnless(
            FindBinary(other) is { } path && EtcdBinary.ServesV2(path),
            $"etcd {EtcdBinary.VersionOf(wanted)} has no v2 keys API: set ETCD_BIN_2 to etcd 3.4 or 3.5.");
        return other;
    }

    /// <summary>The version for a test of a store, <c>Etcd</c> or <c>EtcdV2</c>.</summary>
    public static EtcdVersion For(string store, EtcdVersion version) => store == "EtcdV2" ? WithV2(version) : version;

    public Task<EtcdServer> GetAsync(EtcdVersion version)
    {
        BinaryOf(version);
        return (version == EtcdVersion.First ? _first : _second).Value;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in new[] { _first, _second })
        {
            if (server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            {
                await (await server.Value).DisposeAsync();
            }
        }
    }

    private static string? FindBinary(EtcdVersion version) =>
        Environment.GetEnvironmentVariable(version == EtcdVersion.First ? "ETCD_BIN" : "ETCD_BIN_2") is { Length: > 0 } path ? path : null;
}
