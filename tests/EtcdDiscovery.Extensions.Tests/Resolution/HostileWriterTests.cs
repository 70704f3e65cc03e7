using System.Text;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A writer with access to a service's keys writes the worst; readers of the service still resolve the valid instances.</summary>
public sealed class HostileWriterTests(SharedEtcd etcd)
{
    private const string Good = """{"name":"h.dev"}""";

    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Key_InvalidUtf8_IsSkippedAndAffectsNoReader(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await PutAsync(server, "a"u8.ToArray(), "😀"u8.ToArray(), [0xff]);
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings()) { ["RefreshInterval"] = "00:00:01" });
        Assert.Equal("a 😀", await IdsAsync(host));

        // Decoded as text, these keys are equal, and sort between the valid ones.
        await PutAsync(server, [0xfe], [0xfd, (byte)'x'], [0xff], "b"u8.ToArray());
        await Eventually.TrueAsync(async () => await IdsAsync(host) == "a b 😀", "b is resolved");
        var before = await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token);
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).AsOf > before.AsOf.AddSeconds(3), "it was read again");
        await PutAsync(server, "c"u8.ToArray());
        await Eventually.TrueAsync(async () => await IdsAsync(host) == "a b c 😀", "c is resolved");

        Assert.True(before.UnreadableEntries > 0);
        Assert.NotEmpty(host.Logs.Of("EntryUnreadable"));
        Assert.Empty(host.Logs.Of("OutOfReach"));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Values_TooLargeToReadTogether_AreSkippedAndAffectNoReader(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await server.PutAsync($"/services/{_service}/a", Good);
        await server.PutAsync($"/services/{_service}/z", Good);
        for (var i = 0; i < 60; i++)
        {
            await server.PutAsync($"/services/{_service}/long{i}", new string('x', 1_400_000));
        }

        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        await Eventually.TrueAsync(async () => await host.CountAsync(_service) is not null, "the service is read");
        Assert.Equal("a z", await IdsAsync(host));
        Assert.Equal(60, (await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).UnreadableEntries);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task V2Directories_DeeplyNested_AreLeftOut(EtcdVersion version)
    {
        var server = await etcd.GetAsync(SharedEtcd.WithV2(version));
        using var api = new V2Api(server);
        await api.SetAsync($"/services/{_service}/a", Good);
        // The response repeats the whole path of each directory: read at once, it would exceed every limit.
        await api.SetAsync($"/services/{_service}/deep/{string.Concat(Enumerable.Repeat("d/", 8_000))}x", Good);
        for (var i = 0; i < 100; i++)
        {
            await api.SetAsync($"/services/{_service}/wide{i}/x", Good);
        }

        await using var host = await DiscoveryHost.StartAsync(V2Api.Settings(server));

        Assert.Equal("a", await IdsAsync(host));
        await api.SetAsync($"/services/{_service}/b", Good);
        await Eventually.TrueAsync(async () => await IdsAsync(host) == "a b", "b is resolved");
    }

    [Fact]
    public async Task V2Directory_NamedLikeALogLine_ForgesNoLogLine()
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First)));
        await api.SetAsync($"/services/{_service}/a", Good);
        await using var host = await DiscoveryHost.StartAsync(V2Api.Settings(api.Server));
        Assert.Equal("a", await IdsAsync(host));

        await api.SetAsync($"/services/{_service}/d\nwarn: forged/x", Good);
        await api.DeleteAsync($"/services/{_service}/d\nwarn: forged", recursive: true);

        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("HistoryLost").Any()), "the deletion is detected");
        Assert.All(host.Logs.Lines, line => Assert.DoesNotContain('\n', line.ToString()));
    }

    [Fact]
    public void Batch_ManyUnorderedChanges_IsAppliedQuickly()
    {
        var ids = Enumerable.Range(0, 300_000).Select(i => $"{i:x8}").ToArray();
        new Random(1).Shuffle(ids);
        var reader = new EntryReader(_service, NullLogger.Instance);
        var value = Encoding.UTF8.GetBytes(Good);
        var before = reader.Read(ServiceView.Empty, new StoreContents(new StoreRevision(1), []), keepVanished: false).View;

        var started = TimeProvider.System.GetTimestamp();
        var update = reader.Apply(
            before,
            new StoreBatch(new StoreRevision(2), [.. ids.Select(id => new StoreEvent($"/services/{_service}/{id}", value, 2))]),
            new SelfPreservation(TimeSpan.Zero, TimeProvider.System));

        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Equal(ids.Order(StringComparer.Ordinal), update!.View.Instances.Select(instance => instance.Id));
    }

    private async Task PutAsync(EtcdServer server, params byte[][] ids)
    {
        foreach (var id in ids)
        {
            await server.PostAsync("/v3/kv/put", new()
            {
                ["key"] = Convert.ToBase64String([.. Encoding.UTF8.GetBytes($"/services/{_service}/"), .. id]),
                ["value"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Good)),
            });
        }
    }

    private async Task<string> IdsAsync(DiscoveryHost host) => string.Join(
        ' ', (await host.Resolver.GetInstancesAsync(_service, cancellationToken: Token)).Select(instance => instance.Id));
}
