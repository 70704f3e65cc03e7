using System.Reflection;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using EtcdDiscovery.Tests;
using EtcdDiscovery.Tests.Documentation;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary>The snippets of docs/aspire.md describe working models. The tests of the library check that they are compiled.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void ExtensionMethods_All_AreShownInSnippets()
    {
        var shown = Markdown.Words(Markdown.Blocks(Repository.Read("docs/aspire.md"), "csharp"));

        Assert.All(
            typeof(EtcdBuilderExtensions).GetMethods(BindingFlags.Public | BindingFlags.Static),
            method => Assert.Contains(method.Name, shown));
    }

    [Fact]
    public async Task RunBesideGo_AHostInGo_GetsTheUrlThatItReads()
    {
        var prices = AspireSnippets.RunBesideGo(AppHosts.Create());
        prices.ApplicationBuilder.CreateResourceBuilder(prices.ApplicationBuilder.Resources.OfType<EtcdResource>().Single()).WithAddresses();

        Assert.Equal("http://etcd.dev.internal:2379", (await AppHosts.EnvironmentOfAsync(prices))["ETCD_HOSTS"]);
    }

    [Fact]
    public void UseACluster_WhenItIsPublished_ReplacesTheContainer()
    {
        Assert.IsType<EtcdResource>(AspireSnippets.UseACluster(AppHosts.Create()).Resource);
        Assert.IsNotType<EtcdResource>(
            AspireSnippets.UseACluster(AppHosts.Create("--operation", "publish", "--publisher", "manifest")).Resource);
    }

    [Fact]
    public void KeepData_Mounted_OutlivesTheContainer()
    {
        Assert.Equal(ContainerMountType.Volume, MountOf(AspireSnippets.KeepData(AppHosts.Create())).Type);
        Assert.Equal(ContainerMountType.BindMount, MountOf(AspireSnippets.KeepDataInADirectory(AppHosts.Create())).Type);

        static ContainerMountAnnotation MountOf(IResourceBuilder<EtcdResource> etcd) =>
            Assert.Single(etcd.Resource.Annotations.OfType<ContainerMountAnnotation>());
    }
}
