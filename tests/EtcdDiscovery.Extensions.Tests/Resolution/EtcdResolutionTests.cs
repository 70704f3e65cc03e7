using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>How a consumer resolves the contents of a real etcd, from any writer.</summary>
public sealed class EtcdResolutionTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Prefix => $"/services/{_service}/";

    private string InfoKey => $"/services_infos/{_service}";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watch_OfAService_YieldsUpUpdatedAndDownInOrder(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        await server.PutAsync(Prefix + "b", Instance("b.dev"));
        await using var changes = new ChangeReader(host.Resolver.WatchAsync(_service, cancellationToken: Token));

        Assert.Equal("Up b b.dev", await changes.NextAsync());
        await server.PutAsync(Prefix + "a", Instance("a.dev"));
        Assert.Equal("Up a a.dev", await changes.NextAsync());
        await server.PutAsync(Prefix + "b", Instance("b2.dev"));
        Assert.Equal("Updated b b2.dev", await changes.NextAsync());
        // Writing the same value, as a renewal by Go does, is no change.
        await server.PutAsync(Prefix + "b", Instance("b2.dev"));
        await server.DeleteAsync(Prefix + "a");
        Assert.Equal("Down a a.dev", await changes.NextAsync());
        await server.DeleteAsync(Prefix + "b");
        Assert.Equal("Down b b2.dev", await changes.NextAsync());
        await server.PutAsync(Prefix + "b", Instance("b2.dev"));
        Assert.Equal("Up b b2.dev", await changes.NextAsync());
    }

    [Fact]
    public async Task Watch_Canceled_EndsAsCanceled()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        using var cancelling = new CancellationTokenSource();
        await using var changes = host.Resolver.WatchAsync(_service, cancellationToken: cancelling.Token).GetAsyncEnumerator(Token);
        // The current state of the service; nothing changes afterwards.
        Assert.True(await changes.MoveNextAsync());
        var next = changes.MoveNextAsync().AsTask();

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(Eventually.Patience, Token));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Instances_WithShard_AreThoseOfTheShard(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await server.PutAllAsync([
            (Prefix + "a", Instance("a.dev", "s0")), (Prefix + "b", Instance("b.dev", "s1")), (Prefix + "c", Instance("c.dev")),
            (Prefix + "d", Instance("d.dev", "s1"))]);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var onShard = new ServiceQuery { Shard = "s1" };

        Assert.Equal("b d", await IdsAsync(host, onShard));
        Assert.Equal("a b c d", await IdsAsync(host, default));
        Assert.Equal("a b c d", await IdsAsync(host, new ServiceQuery { Shard = "" }));
        Assert.Equal("b", (await host.Resolver.GetFirstInstanceAsync(_service, onShard, Token)).Id);
        Assert.Contains((await host.Resolver.GetInstanceAsync(_service, onShard, Token)).Id, "bd", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Queries_WithoutResult_FailWithSpecificExceptions(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        await AllFailAsync<ServiceNotFoundException>(host, default, $"Service '{_service}' is not known: no host has registered it. Names are case-sensitive. The other hosts must use the same "
            + "etcd, EtcdDiscovery:Store and EtcdDiscovery:KeyPrefix. To call a host that is not a service, add it to ExternalHosts of the HttpClient.");

        await server.PutAsync(InfoKey, $$"""{"name":"{{_service}}","critical":false}""");
        await Eventually.TrueAsync(
            async () => await FailureAsync(host) is NoInstanceFoundException, "the service exists");
        await AllFailAsync<NoInstanceFoundException>(host, default, $"Service '{_service}' has no instance at the moment.");

        await server.PutAsync(Prefix + "a", Instance("a.dev", "s0"));
        await Eventually.TrueAsync(async () => await FailureAsync(host) is null, "the service has an instance");
        await AllFailAsync<NoInstanceOnShardException>(
            host, new ServiceQuery { Shard = "s1" }, $"Service '{_service}' has no instance on shard 's1'.");

        var unknown = await Assert.ThrowsAsync<UnknownSchemeException>(
            async () => await host.Resolver.GetUriAsync(_service, "amqp", "/", cancellationToken: Token));
        Assert.Equal(
            $"Service '{_service}': no port for scheme 'amqp'. There are ports for: http, https.", unknown.Message);
        Assert.Equal(["http", "https"], unknown.KnownSchemes);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Service_UnknownAtFirst_IsResolvedOnceItExists(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var consumer = await DiscoveryHost.StartAsync(server.Settings());
        Assert.IsType<ServiceNotFoundException>(await FailureAsync(consumer));

        await using var provider = await DiscoveryHost.RegisterAsync(new(server.Settings(_service)) { ["Service:Hostname"] = "h.dev" });

        await Eventually.TrueAsync(async () => await FailureAsync(consumer) is null, "the service is resolved");
        Assert.Equal(provider.Registration.InstanceId, (await consumer.Resolver.GetInstanceAsync(_service, cancellationToken: Token)).Id);
        Assert.Equal(new ServiceInfo { Name = _service }, await consumer.Resolver.GetServiceAsync(_service, Token));
    }

    [Fact]
    public async Task FirstInstance_OfMany_HasTheSmallestKey()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        // Compares UTF-8 bytes: 😀 comes after ～, unlike in UTF-16.
        await server.PutAllAsync([
            (Prefix + "😀", Instance("d.dev")), (Prefix + "～", Instance("c.dev")), (Prefix + "b", Instance("b.dev")), (Prefix + "Z", Instance("a.dev"))]);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        Assert.Equal("Z", (await host.Resolver.GetFirstInstanceAsync(_service, cancellationToken: Token)).Id);
        Assert.Equal("Z b ～ 😀", await IdsAsync(host, default));
        await server.PutAsync(Prefix + "A", Instance("e.dev"));
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetFirstInstanceAsync(_service, cancellationToken: Token)).Id == "A", "A is the first");
    }

    [Fact]
    public async Task Instance_QueriedOften_CoversAllInstancesEvenly()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await server.PutAllAsync(Enumerable.Range(0, 5).Select(i => ($"{Prefix}{i}", Instance($"{i}.dev"))));
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < 5_000; i++)
        {
            var id = (await host.Resolver.GetInstanceAsync(_service, cancellationToken: Token)).Id;
            counts[id] = counts.GetValueOrDefault(id) + 1;
        }

        Assert.Equal(5, counts.Count);
        // Expected are 1,000, with a standard deviation of 28.
        Assert.All(counts.Values, count => Assert.InRange(count, 800, 1_200));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Uri_OfAPublicService_IsTheServicesUnlessShardOrPrivateNetworkIsSelected(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await server.PutAllAsync([
            (InfoKey, $$"""{"name":"{{_service}}","critical":true,"hostname":"pub.dev","user":"u","password":"p@","ports":{"https":"443"},"public":true}"""),
            (Prefix + "a", """{"name":"a.dev","ports":{"http":"81"},"public":true,"private_hostname":"a.internal","private_ports":{"http":"8081"},"shard":"s0"}""")]);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        Assert.Equal("https://u:p%40@pub.dev:443/x?y=1", await UriAsync(host, "https", default));
        Assert.Equal("http://a.dev:81/x?y=1", await UriAsync(host, "http", new ServiceQuery { Shard = "s0" }));
        Assert.Equal("http://a.internal:8081/x?y=1", await UriAsync(host, "http", new ServiceQuery { Network = ServiceNetwork.Private }));
        Assert.Equal("http://a.internal:8081/x?y=1", await UriAsync(host, "", new ServiceQuery { Network = ServiceNetwork.Private, Shard = "s0" }));
        await Assert.ThrowsAsync<UnknownSchemeException>(() => UriAsync(host, "http", default));
        await Assert.ThrowsAsync<UnknownSchemeException>(() => UriAsync(host, "", default));

        // As in Go, the URL of a service works without any instance.
        await server.DeleteAsync(Prefix);
        await Eventually.TrueAsync(async () => await FailureAsync(host) is NoInstanceFoundException, "the instance is gone");
        Assert.Equal("https://u:p%40@pub.dev:443/x?y=1", await UriAsync(host, "https", default));
        await Assert.ThrowsAsync<NoInstanceFoundException>(
            () => UriAsync(host, "http", new ServiceQuery { Network = ServiceNetwork.Private }));
    }

    [Fact]
    public async Task Uri_OfAPrivateService_IsThatOfAnInstance()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await server.PutAllAsync([
            (InfoKey, $$"""{"name":"{{_service}}","critical":true}"""), (Prefix + "a", Instance("a.dev"))]);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        Assert.Equal("http://a.dev:80/x?y=1", await UriAsync(host, "", default));
        Assert.Equal("https://a.dev:443/x?y=1", await UriAsync(host, "https", default));
        // Without a private host name, the private network uses the public one.
        Assert.Equal("http://a.dev:80/x?y=1", await UriAsync(host, "http", new ServiceQuery { Network = ServiceNetwork.Private }));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Entry_Unreadable_IsSkippedCountedAndLoggedOnce(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await server.PutAllAsync([(Prefix + "a", Instance("a.dev")), (Prefix + "bad", "{not json, password=hush"), (Prefix + "c", Instance("c.dev"))]);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        Assert.Equal("a c", await IdsAsync(host, default));
        Assert.Equal(1, (await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).UnreadableEntries);

        // The same writer writes it again, among writes by others.
        await server.PutAsync(Prefix + "bad", "{still not json, password=hush");
        await server.PutAsync(Prefix + "d", Instance("d.dev"));
        await Eventually.TrueAsync(async () => await IdsAsync(host, default) == "a c d", "d is resolved");
        var logged = Assert.Single(host.Logs.Of("EntryUnreadable"));
        Assert.Contains($"{Prefix}bad", logged.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", logged.ToString(), StringComparison.Ordinal);

        await server.PutAsync(Prefix + "bad", Instance("bad.dev"));
        await Eventually.TrueAsync(async () => await IdsAsync(host, default) == "a bad c d", "the corrected entry is resolved");
        Assert.Equal(0, (await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).UnreadableEntries);
    }

    [Theory]
    [InlineData(EtcdVersion.First, "Etcd")]
    [InlineData(EtcdVersion.First, "EtcdV2")]
    [InlineData(EtcdVersion.Second, "Etcd")]
    public async Task Entries_TooLargeOrTooDeep_AreSkippedCountedAndLoggedOnce(EtcdVersion version, string store)
    {
        // v2 accepts no form above 10 MiB.
        var ports = Enumerable.Range(0, store == "Etcd" ? 1_000_000 : 200_000).Select(i => $"\"p{i}\":\"80\"");
        Dictionary<string, string> monsters = new(StringComparer.Ordinal)
        {
            ["long"] = $$"""{"name":"h.dev","zone":"{{new string('z', 64 * 1024)}}"}""",
            ["deep"] = $$"""{"name":"h.dev","metadata":{{new string('[', 20_000)}}{{new string(']', 20_000)}}}""",
            ["ports"] = $$"""{"name":"h.dev","ports":{ {{string.Join(',', ports)}} } }""",
            ["NaN"] = """{"name":"h.dev","weight":NaN}""",
        };
        await using var server = await EtcdServer.StartAsync(
            SharedEtcd.BinaryOf(SharedEtcd.For(store, version)), new EtcdSecurity { Flags = ["--max-request-bytes", $"{64 * 1024 * 1024}"] });
        using var api = new V2Api(server);
        Task PutAsync(string key, string value) => store == "Etcd" ? server.PutAsync(key, value) : api.SetAsync(key, value);
        foreach (var (id, value) in monsters)
        {
            await PutAsync(Prefix + id, value);
        }

        await PutAsync(Prefix + "a", Instance("a.dev"));
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings()) { ["Store"] = store });

        Assert.Equal("a", await IdsAsync(host, default));
        Assert.Equal(monsters.Count, (await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).UnreadableEntries);
        foreach (var (id, value) in monsters)
        {
            await PutAsync(Prefix + id, value);
        }

        await PutAsync(Prefix + "b", Instance("b.dev"));
        await Eventually.TrueAsync(async () => await IdsAsync(host, default) == "a b", "b is resolved");
        Assert.Equal(monsters.Count, (await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).UnreadableEntries);
        Assert.Equal(
            monsters.Keys.Select(id => Prefix + id).Order(StringComparer.Ordinal),
            host.Logs.Of("EntryUnreadable").Select(line => line.Message.Split(' ').Single(word => word.StartsWith(Prefix, StringComparison.Ordinal))).Order(StringComparer.Ordinal));
        Assert.All(host.Logs.Lines, line => Assert.InRange(line.ToString().Length, 0, 2_000));
        Assert.Equal(SnapshotSource.Live, (await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).Source);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Service_NameIsAPrefixOfAnother_DoesNotIncludeTheOthersInstances(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        var inner = _service + "/b";
        await server.PutAllAsync([
            (Prefix + "a", Instance("a.dev")), ($"/services/{inner}/i", Instance("i.dev")), ($"/services/{_service}2/x", Instance("x.dev"))]);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        Assert.Equal("a", await IdsAsync(host, default));
        Assert.Equal("i", Assert.Single(await host.Resolver.GetInstancesAsync(inner, cancellationToken: Token)).Id);
        await server.PutAsync($"/services/{inner}/j", Instance("j.dev"));
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetInstancesAsync(inner, cancellationToken: Token)).Count == 2, "j is resolved");
        var snapshot = await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token);
        Assert.Equal(("a", 0), (Assert.Single(snapshot.Instances).Id, snapshot.UnreadableEntries));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Service_OfTenThousandInstances_IsReadCompletely(EtcdVersion version)
    {
        const int Count = 10_000;
        var server = await etcd.GetAsync(version);
        await server.PutAllAsync(Enumerable.Range(0, Count).Select(i => ($"{Prefix}{i:00000}", Instance($"h{i}.dev", $"s{i % 10}"))));
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        var all = await host.Resolver.GetInstancesAsync(_service, cancellationToken: Token);

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{i:00000}"), all.Select(instance => instance.Id));
        Assert.Equal("00000", (await host.Resolver.GetFirstInstanceAsync(_service, cancellationToken: Token)).Id);
        Assert.Equal("00007", (await host.Resolver.GetFirstInstanceAsync(_service, new ServiceQuery { Shard = "s7" }, Token)).Id);
        Assert.Equal("s7", (await host.Resolver.GetInstanceAsync(_service, new ServiceQuery { Shard = "s7" }, Token)).Shard);
        await server.DeleteAsync(Prefix + "00000");
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetFirstInstanceAsync(_service, cancellationToken: Token)).Id == "00001", "the first is gone");
        await server.DeleteAsync(Prefix);
    }

    private static string Instance(string hostname, string? shard = null) =>
        $$"""{"name":"{{hostname}}","service_name":"x","ports":{"http":"80","https":"443"}{{(shard is null ? "" : $",\"shard\":\"{shard}\"")}},"uuid":"x"}""";

    private async Task<string> IdsAsync(DiscoveryHost host, ServiceQuery query) => string.Join(
        ' ', (await host.Resolver.GetInstancesAsync(_service, query, Token)).Select(instance => instance.Id));

    private async Task<string> UriAsync(DiscoveryHost host, string scheme, ServiceQuery query) =>
        (await host.Resolver.GetUriAsync(_service, scheme, "/x?y=1", query, includeCredentials: true, Token)).OriginalString;

    private async Task<Exception?> FailureAsync(DiscoveryHost host) =>
        await Record.ExceptionAsync(async () => await host.Resolver.GetInstanceAsync(_service, cancellationToken: Token));

    private async Task AllFailAsync<TException>(DiscoveryHost host, ServiceQuery query, string message)
        where TException : EtcdDiscoveryException
    {
        Func<Task>[] queries =
        [
            async () => await host.Resolver.GetInstancesAsync(_service, query, Token),
            async () => await host.Resolver.GetInstanceAsync(_service, query, Token),
            async () => await host.Resolver.GetFirstInstanceAsync(_service, query, Token),
            async () => await host.Resolver.GetUriAsync(_service, "http", "", query, cancellationToken: Token),
        ];
        foreach (var ask in queries)
        {
            var error = await Assert.ThrowsAsync<TException>(ask);
            Assert.Equal((message, error is not ServiceNotFoundException), (error.Message, error.IsTransient));
        }
    }
}
