using System.Text;
using EtcdDiscovery.EtcdV2;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.EtcdV2;

/// <summary>Specifics of the v2 keys API, on a real etcd.</summary>
public sealed class EtcdV2StoreTests(SharedEtcd etcd)
{
    private readonly string _root = $"/v2/{Guid.NewGuid():N}/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StoreRange All => StoreRange.Prefix(_root);

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watch_KeyExpiredOrDeleted_ReportsWhich(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var store = EtcdV2Stores.Create(api.Server.Endpoint);
        await api.SetAsync(_root + "deleted", "x");
        await api.SetAsync(_root + "expires", "x", ttl: 1);
        await using var watch = new StoreWatch(store, (await store.ReadAsync([All], Token)).Revision, All);

        await api.DeleteAsync(_root + "deleted");

        Assert.Equal(
            [(_root + "deleted", false), (_root + "expires", true)],
            (await watch.NextEventsAsync(2)).Select(change => (change.Key, change.IsExpiry)).Order());
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Read_Directories_ContainKeysOfAPrefixButAreNoKeys(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var store = EtcdV2Stores.Create(api.Server.Endpoint);
        await api.SetAsync(_root + "a/b/c", "nested");
        await api.SetAsync(_root + "ab", "beside");
        await api.MakeDirectoryAsync(_root + "empty");

        Assert.Equal([_root + "a/b/c", _root + "ab"], await KeysAsync(All));
        Assert.Equal([_root + "ab"], await KeysAsync(StoreRange.Exact(_root + "ab")));
        Assert.Empty(await KeysAsync(StoreRange.Exact(_root + "a")));
        Assert.Empty(await KeysAsync(StoreRange.Prefix(_root + "empty/")));
        Assert.Empty(await KeysAsync(StoreRange.Prefix(_root + "ab/")));

        async Task<IEnumerable<string>> KeysAsync(StoreRange range) =>
            (await store.ReadAsync([range], Token)).Entries.Select(entry => entry.Key);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watch_DirectoryDeleted_LosesTheHistory(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var store = EtcdV2Stores.Create(api.Server.Endpoint);
        await api.SetAsync(_root + "d/a", "x");
        await api.SetAsync(_root + "d/b", "x");
        var read = await store.ReadAsync([All], Token);
        await using var prefix = new StoreWatch(store, read.Revision, All);
        await using var key = new StoreWatch(store, read.Revision, StoreRange.Exact(_root + "d/a"));

        await api.DeleteAsync(_root + "d", recursive: true);

        await prefix.FailureAsync<HistoryLostException>();
        await key.FailureAsync<HistoryLostException>();
        Assert.Empty((await store.ReadAsync([All], Token)).Entries);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watch_FromBeforeTheLastThousandChanges_LosesTheHistory(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var store = EtcdV2Stores.Create(api.Server.Endpoint);
        var old = (await store.ReadAsync([All], Token)).Revision;
        await using var open = new StoreWatch(store, old, All);
        await api.SetAsync(_root + "seen", "x");
        Assert.Equal(_root + "seen", Assert.Single((await open.NextAsync()).Events).Key);
        for (var i = 0; i < 1_050; i++)
        {
            await api.SetAsync($"{_root[..^1]}-elsewhere", $"{i}");
        }

        await using var late = new StoreWatch(store, old, All);
        await late.FailureAsync<HistoryLostException>();
        await api.SetAsync(_root + "after", "x");

        Assert.Equal(_root + "after", Assert.Single((await open.NextAsync()).Events).Key);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Renewal_Repeated_NotifiesNoWatchAndKeepsTheValue(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var store = EtcdV2Stores.Create(api.Server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(1.2), Token);
        var put = await session.TryPutAsync([Put("a"), Put("b")], Token);
        await using var watch = new StoreWatch(store, put!.Value, All);
        for (var i = 0; i < 20; i++)
        {
            await session.RenewAsync(Token);
        }

        var kept = (await api.FindAsync(_root + "a"))!;
        await api.SetAsync(_root + "c", "x");

        Assert.Equal(_root + "c", Assert.Single((await watch.NextAsync()).Events).Key);
        Assert.Equal(TimeSpan.FromSeconds(2), session.TimeToLive);
        Assert.Equal(("x", true), ((string?)kept["value"], (int)kept["ttl"]! > 0));
    }

    [Fact]
    public async Task Renewal_KeyDeletedExternally_LosesTheSession()
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First)));
        await using var store = EtcdV2Stores.Create(api.Server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(60), Token);
        await session.TryPutAsync([Put("a"), Put("b")], Token);
        await session.DeleteAsync([_root + "a"], Token);
        await session.RenewAsync(Token);

        await api.DeleteAsync(_root + "b");

        var lost = await Assert.ThrowsAsync<SessionLostException>(() => session.RenewAsync(Token));
        Assert.Contains(_root + "b", lost.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SessionLostException>(() => session.TryPutAsync([Put("c")], Token));
    }

    [Fact]
    public async Task Put_SecondConditionFails_KeepsTheFirst()
    {
        var server = await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First));
        await using var store = EtcdV2Stores.Create(server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(60), Token);

        Assert.Null(await session.TryPutAsync([Put("first"), Put("second", expectedRevision: 7), Put("third")], Token));

        Assert.Equal(_root + "first", Assert.Single((await store.ReadAsync([All], Token)).Entries).Key);
    }

    [Fact]
    public async Task Watch_EtcdWiped_LosesTheHistory()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.WithV2(EtcdVersion.First)));
        using var api = new V2Api(server);
        for (var i = 0; i < 20; i++)
        {
            await api.SetAsync(_root + "a", "x");
        }

        await using var store = EtcdV2Stores.Create(server.Endpoint);
        var read = await store.ReadAsync([All], Token);
        await using (var watch = new StoreWatch(store, read.Revision, All))
        {
            await server.KillAsync();
            await watch.FailureAsync<EtcdDiscoveryException>();
        }

        await server.RestartAsync(wipe: true);
        await using (var again = new StoreWatch(store, read.Revision, All))
        {
            await again.FailureAsync<HistoryLostException>();
        }

        server.BecomeAnotherCluster();
        var small = read.Revision with { Number = 1 };
        await server.KillAsync();
        await server.RestartAsync(wipe: true);
        await using var another = new StoreWatch(store, small, All);
        await another.FailureAsync<HistoryLostException>();
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watch_MemberInUsePaused_ContinuesAtAnotherWithoutGap(EtcdVersion version)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.WithV2(version)));
        await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(1), cluster.Endpoints);
        var after = (await store.ReadAsync([All], Token)).Revision;
        var watch = new StoreWatch(store, after, All);
        // The test does not know which member the store uses, so it pauses each of them in turn.
        foreach (var member in cluster.Members)
        {
            member.Pause();
            var others = cluster.Members.Where(other => other != member).ToList();
            await Eventually.TrueAsync(() => TrySetAsync(others[0], member.Endpoint), "the other members accept a write");
            var seen = false;
            while (!seen)
            {
                try
                {
                    var batch = await watch.NextAsync();
                    after = batch.Revision;
                    seen = batch.Events.Any(change => Encoding.UTF8.GetString(change.Value!.Value.Span) == member.Endpoint);
                }
                catch (EtcdDiscoveryException)
                {
                    // A member that has just resumed may lag behind, so the history may seem lost.
                    await watch.DisposeAsync();
                    after = await ReadIfLostAsync(store, after);
                    watch = new StoreWatch(store, after, All);
                }
            }

            member.Continue();
        }

        await watch.DisposeAsync();
    }

    [Fact]
    public async Task Watch_MemberWithoutLeader_Fails()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.WithV2(EtcdVersion.First)));
        await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(1), cluster.Members[0].Endpoint);
        await using var watch = new StoreWatch(store, (await store.ReadAsync([All], Token)).Revision, All);

        await cluster.Members[1].KillAsync();
        await cluster.Members[2].KillAsync();

        await watch.FailureAsync<EtcdDiscoveryException>();
    }

    private StorePut Put(string name, long? expectedRevision = null) =>
        new(_root + name, "x"u8.ToArray()) { ExpectedRevision = expectedRevision };

    private async Task<bool> TrySetAsync(EtcdServer member, string value)
    {
        using var api = new V2Api(member);
        try
        {
            await api.SetAsync(_root + "key", value);
            return true;
        }
        catch (Xunit.Sdk.XunitException)
        {
            return false;
        }
    }

    private async Task<StoreRevision> ReadIfLostAsync(EtcdV2Store store, StoreRevision after)
    {
        try
        {
            var read = await store.ReadAsync([All], Token);
            return after.Number <= read.Revision.Number ? after : read.Revision;
        }
        catch (EtcdDiscoveryException)
        {
            return after;
        }
    }
}
