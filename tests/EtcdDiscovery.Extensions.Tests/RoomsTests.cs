namespace EtcdDiscovery.Tests;

/// <summary>The one direction of imports between the rooms (folders) of the library: see docs/design.md.</summary>
public sealed class RoomsTests
{
    private const string Library = "src/EtcdDiscovery.Extensions";

    public static TheoryData<string> Files => [.. Repository.FilesBelow(Library, "*.cs")];

    [Theory]
    [MemberData(nameof(Files))]
    public void SourceFile_OfTheLibrary_ImportsAllowedRoomsOnly(string file) =>
        Assert.Empty(RoomRules.Check(file, Repository.Read($"{Library}/{file}")));

    [Fact]
    public void RootNamespace_OfTheLibrary_HasPublicTypesOnly() =>
        Assert.All(
            typeof(IServiceResolver).Assembly.GetTypes().Where(type => type is { Namespace: "EtcdDiscovery", IsNested: false }),
            type => Assert.True(type.IsPublic, $"{type} is internal: it belongs into a room's namespace."));

    [Theory]
    [InlineData("Registration/A.cs", "using EtcdDiscovery.Resolution;")]
    [InlineData("Registration/A.cs", "using EtcdDiscovery.Stores.Etcd;")]
    [InlineData("Registration/A.cs", "using EtcdDiscovery.Stores.InMemory;")]
    [InlineData("Registration/A.cs", "class A { EtcdDiscovery.Resolution.ServiceCatalog a; }")]
    [InlineData("Registration/A.cs", "class A { global::EtcdDiscovery.Resolution.ServiceCatalog a; }")]
    [InlineData("Registration/A.cs", "class A { Resolution.ServiceCatalog a; }")]
    [InlineData("Registration/A.cs", "class A { Stores.Etcd.EtcdErrors a; }")]
    [InlineData("Registration/A.cs", "using Catalog = EtcdDiscovery.Resolution.ServiceCatalog;")]
    [InlineData("Registration/A.cs", "using static EtcdDiscovery.Resolution.InstanceArray;")]
    [InlineData("Registration/A.cs", "class A { InMemoryDiscoveryStore a; }")]
    [InlineData("Registration/A.cs", "namespace EtcdDiscovery.Resolution;")]
    [InlineData("Resolution/A.cs", "using EtcdDiscovery.Registration;")]
    [InlineData("Resolution/A.cs", "using EtcdDiscovery.Stores.Etcd.Watching;")]
    [InlineData("Resolution/A.cs", "using EtcdDiscovery.Hosting;")]
    [InlineData("Model/A.cs", "using EtcdDiscovery.Stores;")]
    [InlineData("Stores/A.cs", "using EtcdDiscovery.Stores.Etcd;")]
    [InlineData("Stores/A.cs", "class A { Etcd.EtcdErrors a; }")]
    [InlineData("Stores/Etcd/A.cs", "using EtcdDiscovery.Registration;")]
    [InlineData("Stores/Etcd/Watching/A.cs", "using EtcdDiscovery.Stores.InMemory;")]
    [InlineData("Stores/InMemory/A.cs", "using EtcdDiscovery.Stores.Etcd;")]
    [InlineData("Health/A.cs", "using EtcdDiscovery.Model;")]
    [InlineData("Health/A.cs", "class A { EtcdStore a; }")]
    [InlineData("A.cs", "using EtcdDiscovery.Registration;")]
    [InlineData("A.cs", "class A { InMemoryDiscoveryStore a; }")]
    [InlineData("EtcdDiscoveryServiceCollectionExtensions.cs", "using EtcdDiscovery.Resolution;")]
    [InlineData("Nowhere/A.cs", "class A;")]
    public void Check_OfAForbiddenImport_FindsIt(string file, string source) => Assert.NotEmpty(RoomRules.Check(file, source));

    [Theory]
    [InlineData("Registration/A.cs", "using EtcdDiscovery.Model; using EtcdDiscovery.Stores; namespace EtcdDiscovery.Registration;")]
    [InlineData("Registration/A.cs", "// EtcdDiscovery.Resolution is elsewhere\nclass A { string a = \"http://EtcdDiscovery.Resolution\"; }")]
    [InlineData("Registration/A.cs", "/* Resolution.ServiceCatalog */ class A { char a = '\"'; int b = c.Resolution.Count; }")]
    [InlineData("Stores/Etcd/Watching/A.cs", "using EtcdDiscovery.Stores.Etcd; namespace EtcdDiscovery.Stores.Etcd.Watching;")]
    [InlineData("Stores/InMemory/A.cs", "using EtcdDiscovery.Model; namespace EtcdDiscovery; class InMemoryDiscoveryStore;")]
    [InlineData("Hosting/A.cs", "using EtcdDiscovery.Registration; using EtcdDiscovery.Stores.Etcd; class A { EtcdStore a; }")]
    [InlineData("IEtcdDiscoveryBuilder.cs", "interface A { void Use(InMemoryDiscoveryStore store); }")]
    [InlineData("EtcdDiscoveryServiceCollectionExtensions.cs", "using EtcdDiscovery.Hosting; namespace Microsoft.Extensions.DependencyInjection;")]
    [InlineData("A.cs", "using EtcdDiscovery.Model; namespace EtcdDiscovery; class A { EtcdDiscoveryOptions o; int p = o.Etcd.Count; }")]
    public void Check_OfAnAllowedImport_IsSilent(string file, string source) => Assert.Empty(RoomRules.Check(file, source));
}
