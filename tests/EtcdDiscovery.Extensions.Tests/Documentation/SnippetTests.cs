using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The classes in the documentation behave as described.</summary>
public sealed class SnippetTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Store_Followed_YieldsItsEntriesThenTheChange()
    {
        await using var store = new InMemoryDiscoveryStore();

        Assert.Equal(["/example/a = 1", "/example/b = 2", "/example/a was deleted"], await StoreSnippets.FollowAsync(store, Token));
    }

    [Fact]
    public async Task ReadOnlyStore_OpenSession_FailsPermanently()
    {
        await using var store = new ReadOnlyStore(new InMemoryDiscoveryStore());

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token));

        Assert.False(error.IsTransient);
        Assert.Empty((await store.ReadAsync([StoreRange.Prefix("/services/")], Token)).Entries);
    }

    [Fact]
    public void LeastBusyPicker_WithEquallyBusyInstances_PicksTheFirst()
    {
        var instances = new InstanceSet([New("a"), New("b")]);

        Assert.Equal("a", new LeastBusyPicker().Pick(instances).Id);

        static ServiceInstance New(string id) => new() { Id = id, ServiceName = "catalog" };
    }
}
