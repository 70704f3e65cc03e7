using System.Runtime.Versioning;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>What was saved is served when a process starts while etcd is away, and never for longer.</summary>
public sealed class SnapshotDirectoryTests : IDisposable
{
    private const string Service = "shop";
    private const string Instance = """{"name":"a.dev","ports":{"http":"80"},"user":"u","password":"secret"}""";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), UniqueName.Of("snapshots"), "deeper");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);
        }
    }

    [Fact]
    public async Task Process_ThatStartsWhileEtcdIsAway_ServesWhatAnotherOneSaved()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        var saved = await SaveAsync(server);
        await server.KillAsync();

        await using var host = await DiscoveryHost.StartAsync(Settings(server));
        Assert.Equal("a", (await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        var snapshot = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
        Assert.Equal(SnapshotSource.Disk, snapshot.Source);
        Assert.Equal<ServiceInstance>(saved.Instances, snapshot.Instances);
        Assert.Equal(saved.Service, snapshot.Service);
        Assert.InRange(snapshot.AsOf, saved.AsOf, DateTimeOffset.UtcNow);
        var current = ReadConsistency.MaxStaleness(TimeSpan.Zero);
        await Assert.ThrowsAsync<EtcdDiscoveryException>(async () => await host.Resolver.GetSnapshotAsync(Service, current, Token));
        Assert.Single(host.Logs.Of("Restored"));

        await server.RestartAsync(wipe: true);
        await server.PutAsync("/services/shop/b", Instance);
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Source == SnapshotSource.Live, "etcd is read");
        // What a file says is no reason to doubt etcd.
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances is [{ Id: "b" }], "b is seen, and a is gone");
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Files_AreTheirOwnersOnly()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other permissions.");
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));

        await SaveAsync(server);

        var file = Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no checksum")]
    [InlineData("0000\n{}")]
    [InlineData("altered")]
    [InlineData("other service")]
    public async Task File_ThatCannotBeTrusted_IsIgnoredWithAWarning(string damage)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await SaveAsync(server);
        var file = Assert.Single(Directory.GetFiles(_folder));
        var service = Service;
        if (damage == "altered")
        {
            File.WriteAllText(file, File.ReadAllText(file).Replace("a.dev", "b.dev", StringComparison.Ordinal));
        }
        else if (damage == "other service")
        {
            service = "other";
            var hash = System.Security.Cryptography.SHA256.HashData("other"u8);
            File.Move(file, Path.Combine(_folder, Convert.ToHexStringLower(hash) + ".snapshot"));
        }
        else
        {
            File.WriteAllText(file, damage);
        }

        await server.KillAsync();
        await using var host = await DiscoveryHost.StartAsync(Settings(server));

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            async () => await host.Resolver.GetInstanceAsync(service, cancellationToken: Token));
        Assert.True(error.IsTransient);
        Assert.NotEmpty(host.Logs.Of("SavedSnapshotIgnored"));
    }

    [Fact]
    public async Task Folder_ThatCannotBeWritten_IsToldOnceAndHurtsNobody()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder)!);
        File.WriteAllText(_folder, "a file is in its way");
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync("/services/shop/a", Instance);
        var host = await DiscoveryHost.StartAsync(Settings(server));

        Assert.Equal("a", (await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        await host.DisposeAsync();

        Assert.Single(host.Logs.Of("SnapshotNotSaved"));
        File.Delete(_folder);
        Directory.CreateDirectory(_folder);
    }

    private async Task<ServiceSnapshot> SaveAsync(EtcdServer server)
    {
        await server.PutAsync("/services/shop/a", Instance);
        await server.PutAsync("/services_infos/shop", """{"name":"shop","critical":true}""");
        await using var host = await DiscoveryHost.StartAsync(Settings(server));
        return await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
    }

    private Dictionary<string, string?> Settings(EtcdServer server) => new(server.Settings()) { ["SnapshotDirectory"] = _folder };
}
