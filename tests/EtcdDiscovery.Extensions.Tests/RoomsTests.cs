namespace EtcdDiscovery.Tests;

/// <summary>The dependencies between the rooms (folders) of the library follow the rules in docs/design.md and have no cycles.</summary>
public sealed class RoomsTests
{
    [Fact]
    public void Library_DependenciesBetweenRooms_FollowTheRules() => Assert.Empty(RoomRules.FindViolations());

    [Theory]
    [InlineData("ServiceCatalog", "Resolution", "Registration")]
    [InlineData("SessionLoop", "Registration", "Resolution")]
    [InlineData("StoreFollower", "Stores", "Etcd")]
    [InlineData("DiscoveryHandler", "Http", "Resolution")]
    [InlineData("ServiceInstance", RoomRules.Root, "Wire")]
    [InlineData("LogSanitizer", "Primitives", RoomRules.Root)]
    public void Dependency_NotInTheRules_IsForbidden(string type, string from, string to) =>
        Assert.False(RoomRules.IsAllowed(type, from, to));

    [Fact]
    public void Types_OfTheLibrary_AllBelongToARoom() => Assert.Empty(RoomRules.FindTypesWithoutRoom());

    [Fact]
    public void Rooms_InTheRules_FormNoCycle()
    {
        var open = RoomRules.Allowed.ToDictionary(room => room.Key, room => room.Value.Where(to => to != "*").ToHashSet());
        while (open.Count > 0)
        {
            var leaf = open.FirstOrDefault(room => room.Value.All(to => !open.ContainsKey(to))).Key;
            Assert.True(leaf is not null, $"These rooms form a cycle: {string.Join(", ", open.Keys)}");
            open.Remove(leaf);
        }
    }

    [Fact]
    public void RootNamespace_OfTheLibrary_ContainsOnlyPublicTypes() =>
        Assert.All(
            typeof(IServiceResolver).Assembly.GetTypes().Where(type => type is { Namespace: "EtcdDiscovery", IsNested: false }),
            type => Assert.True(type.IsPublic, $"{type} is internal: it belongs in a room's namespace."));
}
