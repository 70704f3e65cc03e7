using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using EtcdDiscovery.Resolution.Persistence;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A process that starts while etcd is unreachable serves saved snapshots until etcd can be read.</summary>
public sealed class SnapshotDirectoryTests : IDisposable
{
    private const string Service = "shop";
    private const string Instance = """{"name":"a.dev","ports":{"http":"80"},"user":"u","password":"secret"}""";

    private readonly string _directory = Path.Combine(Path.GetTempPath(), UniqueName.Of("snapshots"), "deeper");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);
        }
    }

    [Fact]
    public async Task Process_StartedWhileEtcdIsUnreachable_ServesTheSavedSnapshotOfAnother()
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
        // Content of a file creates no suspects.
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances is [{ Id: "b" }], "b is resolved, and a is gone");
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Files_Permissions_AreOwnerOnly()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such permissions.");
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));

        await SaveAsync(server);

        var file = Assert.Single(Directory.GetFiles(_directory));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no checksum")]
    [InlineData("0000\n{}")]
    [InlineData("altered")]
    [InlineData("other service")]
    public async Task File_Untrusted_IsIgnoredWithAWarning(string damage)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await SaveAsync(server);
        var file = Assert.Single(Directory.GetFiles(_directory));
        var service = Service;
        if (damage == "altered")
        {
            File.WriteAllText(file, File.ReadAllText(file).Replace("a.dev", "b.dev", StringComparison.Ordinal));
        }
        else if (damage == "other service")
        {
            service = "other";
            var hash = SHA256.HashData("other"u8);
            File.Move(file, Path.Combine(_directory, Convert.ToHexStringLower(hash) + ".snapshot"));
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

    [Theory]
    [InlineData("null")]
    [InlineData("""{"Service":"shop"}""")]
    [InlineData("""{"Service":"shop","Entries":null}""")]
    [InlineData("""{"Service":"shop","Entries":[null]}""")]
    [InlineData("""{"Service":"shop","Entries":[{"Key":null,"Value":"{}"}]}""")]
    [InlineData("""{"Service":"shop","Entries":[{"Key":"/services/shop/a"}]}""")]
    public async Task File_WithNulls_IsIgnoredAndTheServiceIsReadLater(string document)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await SaveAsync(server);
        Rewrite(Assert.Single(Directory.GetFiles(_directory)), _ => document);
        await server.KillAsync();
        await using var host = await DiscoveryHost.StartAsync(Settings(server));

        await Assert.ThrowsAsync<EtcdDiscoveryException>(
            async () => await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token));

        await server.RestartAsync(wipe: true);
        await server.PutAsync("/services/shop/b", Instance);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id == "b";
                }
                catch (EtcdDiscoveryException)
                {
                    return false;
                }
            },
            "the service is read from etcd");
    }

    [Fact]
    public async Task File_FromTheFuture_IsServedWithUnknownAge()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        var saved = await SaveAsync(server);
        Rewrite(
            Assert.Single(Directory.GetFiles(_directory)),
            json => Regex.Replace(json, "\"AsOf\":\"[^\"]*\"", "\"AsOf\":\"2999-01-01T00:00:00Z\""));
        await server.KillAsync();
        await using var host = await DiscoveryHost.StartAsync(Settings(server));

        var snapshot = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);

        Assert.Equal<ServiceInstance>(saved.Instances, snapshot.Instances);
        Assert.Equal((SnapshotSource.Disk, DateTimeOffset.MinValue), (snapshot.Source, snapshot.AsOf));
        await Assert.ThrowsAsync<EtcdDiscoveryException>(
            async () => await host.Resolver.GetSnapshotAsync(Service, ReadConsistency.MaxStaleness(TimeSpan.FromDays(365)), Token));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task File_OnAHangingMount_DelaysNeitherOtherServicesNorShutdown()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes in the file system.");
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await SaveAsync(server);
        var file = Assert.Single(Directory.GetFiles(_directory));
        File.Delete(file);
        // Opening a pipe blocks until there is a writer, as a hanging mount does.
        using (var mkfifo = Process.Start("mkfifo", [file]))
        {
            await mkfifo.WaitForExitAsync(Token);
        }

        await server.KillAsync();
        var host = await DiscoveryHost.StartAsync(Settings(server));
        var hanging = Enumerable.Range(0, 50).Select(_ => host.Resolver.GetInstanceAsync(Service, cancellationToken: Token).AsTask()).ToList();
        var other = host.Resolver.GetInstanceAsync("other", cancellationToken: Token).AsTask();

        Assert.All(await Task.WhenAll(hanging.Append(other).Select(query => Record.ExceptionAsync(() => query).AsTask())), error => Assert.IsType<EtcdDiscoveryException>(error));
        await server.RestartAsync(wipe: true);
        await server.PutAsync("/services/other/b", Instance);
        await Eventually.TrueAsync(
            async () => (await Record.ExceptionAsync(async () => await host.Resolver.GetInstanceAsync("other", cancellationToken: Token))) is null,
            "the other service is read");
        await host.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);
        Assert.Contains(host.Logs.Of("SavedSnapshotIgnored"), entry => entry.Message.Contains("the file system did not answer within 2 s", StringComparison.Ordinal));
        // Releases the thread that waits for a writer.
        await File.WriteAllTextAsync(file, "", Token);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Directory_SymbolicLink_IsNeitherWrittenNorRead()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Creating links needs a privilege on Windows.");
        var elsewhere = Directory.CreateDirectory(_directory + ".elsewhere");
        Directory.CreateSymbolicLink(_directory, elsewhere.FullName);
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync("/services/shop/a", Instance);
        var host = await DiscoveryHost.StartAsync(Settings(server));
        await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token);

        await host.DisposeAsync();

        Assert.Contains("is a symbolic link", Assert.Single(host.Logs.Of("SnapshotNotSaved")).Message, StringComparison.Ordinal);
        Assert.Empty(elsewhere.GetFiles());
    }

    [Fact]
    public async Task Processes_SharingADirectory_NeverReadAnUnfinishedFile()
    {
        var snapshots = Enumerable.Range(0, 8).Select(_ => new SnapshotDirectory(_directory, TimeProvider.System, NullLogger.Instance)).ToList();
        var saved = new SavedSnapshot(TestCatalog.Snapshot([new() { Id = "a", ServiceName = Service, Hostname = "h" }]), DateTimeOffset.UtcNow);

        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => snapshots[i % 8].TrySaveAsync(Service, saved, isNew: true)));

        Assert.All(results, Assert.True);
        Assert.NotNull(await snapshots[0].LoadAsync(Service));
        Assert.Single(Directory.GetFiles(_directory));
    }

    [Fact]
    public async Task UnfinishedFiles_OfAKilledProcess_AreDeletedAfterAnHour()
    {
        Directory.CreateDirectory(_directory);
        foreach (var (name, age) in new[] { ("old", 61), ("new", 59) })
        {
            var file = Path.Combine(_directory, name + ".unfinished");
            File.WriteAllText(file, "");
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-age));
        }

        var saved = new SavedSnapshot(TestCatalog.Snapshot([]), DateTimeOffset.UtcNow);
        await new SnapshotDirectory(_directory, TimeProvider.System, NullLogger.Instance).TrySaveAsync(Service, saved, isNew: true);

        Assert.Equal(["new.unfinished"], Directory.GetFiles(_directory, "*.unfinished").Select(Path.GetFileName));
    }

    [Fact]
    public async Task Directory_NotWritable_IsLoggedOnceWithoutFurtherEffect()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_directory)!);
        File.WriteAllText(_directory, "a file is in its way");
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync("/services/shop/a", Instance);
        var host = await DiscoveryHost.StartAsync(Settings(server));

        Assert.Equal("a", (await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        await host.DisposeAsync();

        Assert.Single(host.Logs.Of("SnapshotNotSaved"));
        File.Delete(_directory);
        Directory.CreateDirectory(_directory);
    }

    // With a valid checksum.
    private static void Rewrite(string file, Func<string, string> change)
    {
        var document = change(File.ReadAllText(file).Split('\n', 2)[1]);
        File.WriteAllText(file, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(document)))}\n{document}");
    }

    private async Task<ServiceSnapshot> SaveAsync(EtcdServer server)
    {
        await server.PutAsync("/services/shop/a", Instance);
        await server.PutAsync("/services_infos/shop", """{"name":"shop","critical":true}""");
        await using var host = await DiscoveryHost.StartAsync(Settings(server));
        return await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
    }

    private Dictionary<string, string?> Settings(EtcdServer server) => new(server.Settings()) { ["SnapshotDirectory"] = _directory };
}
