namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The extension methods, on a resolver that implements only the interface's members.</summary>
public sealed class ServiceResolverExtensionsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Queries_OfAFakeResolver_AreAnsweredFromItsSnapshot()
    {
        var resolver = new FixedServiceResolver(
            New("a") with { Status = ServiceStatus.Maintenance }, New("b") with { Shard = "s1" }, New("c") with { Shard = "s2" });

        Assert.Equal(["b", "c"], (await resolver.GetInstancesAsync("shop", cancellationToken: Token)).Select(instance => instance.Id));
        Assert.Equal("b", (await resolver.GetFirstInstanceAsync("shop", cancellationToken: Token)).Id);
        Assert.Equal("c", (await resolver.GetFirstInstanceAsync("shop", new() { Shard = "s2" }, Token)).Id);
        Assert.Equal("c", (await resolver.GetFirstInstanceAsync("shop", new() { Excluding = ["b"] }, Token)).Id);
        Assert.Equal("http://b/items", (await resolver.GetUriAsync("shop", "http", "/items", cancellationToken: Token)).AbsoluteUri);
        Assert.Equal("shop", (await resolver.GetServiceAsync("shop", Token)).Name);
    }

    [Fact]
    public async Task Queries_OfAFakeResolver_FailAsThoseOfTheRealOne()
    {
        var resolver = new FixedServiceResolver(New("a"));
        var drained = new FixedServiceResolver(New("a") with { Status = ServiceStatus.Draining });

        await Assert.ThrowsAsync<ServiceNotFoundException>(async () => await resolver.GetInstancesAsync("other", cancellationToken: Token));
        await Assert.ThrowsAsync<ServiceNotFoundException>(async () => await resolver.GetUriAsync("other", "http", cancellationToken: Token));
        await Assert.ThrowsAsync<NoInstanceFoundException>(async () => await drained.GetInstancesAsync("shop", cancellationToken: Token));
        await Assert.ThrowsAsync<NoInstanceOnShardException>(
            async () => await resolver.GetFirstInstanceAsync("shop", new() { Shard = "s1" }, Token));
        await Assert.ThrowsAsync<NoInstanceFoundException>(
            async () => await resolver.GetFirstInstanceAsync("shop", new() { Excluding = ["a"] }, Token));
    }

    [Fact]
    public async Task Uri_WithASchemeInTheQuery_UsesItUnlessTheCallHasAnother()
    {
        var resolver = new FixedServiceResolver(New("a") with { Ports = new ServiceMap([new("http", "80"), new("grpc", "81")]) });
        var query = new ServiceQuery { Scheme = "grpc" };

        Assert.Equal("grpc://a:81/", (await resolver.GetUriAsync("shop", query: query, cancellationToken: Token)).AbsoluteUri);
        Assert.Equal("grpc://a:81/", (await resolver.GetUriAsync("shop", "grpc", query: query, cancellationToken: Token)).AbsoluteUri);
        await Assert.ThrowsAsync<ArgumentException>(async () => await resolver.GetUriAsync("shop", "http", query: query, cancellationToken: Token));
    }

    [Fact]
    public void Snapshot_WithContentOnly_HasDefaults()
    {
        var empty = new ServiceSnapshot { Service = new() { Name = "shop" }, Instances = [] };
        var described = new ServiceSnapshot { Service = new() { Name = "shop" }, Instances = [], Exists = true };
        var up = new ServiceSnapshot { Service = new() { Name = "shop" }, Instances = [New("a")] };

        Assert.Equal((false, true, true), (empty.Exists, described.Exists, up.Exists));
        Assert.Equal((SnapshotSource.Live, "", 0, 0), (up.Source, up.Version, up.Suspects.Length, up.UnreadableEntries));
        Assert.False(up.ChangeToken.HasChanged);
    }

    private static ServiceInstance New(string id) => new()
    {
        Id = id,
        ServiceName = "shop",
        Hostname = id,
        Ports = new ServiceMap([new("http", "80")]),
    };
}
