using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary>What docs/aspire.md shows, so that it compiles.</summary>
internal static class AspireSnippets
{
    /// <summary>Never called: it would need a container engine.</summary>
    public static void Program(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(args);

        var etcd = builder.AddEtcd("etcd");

        builder.AddProject<Projects.Catalog>("catalog")
            .WithReference(etcd)
            .WaitFor(etcd)
            .WithReplicas(3);
        builder.AddProject<Projects.Storefront>("storefront")
            .WithReference(etcd)
            .WaitFor(etcd);

        builder.Build().Run();
    }

    public static IResourceBuilder<EtcdResource> KeepData(IDistributedApplicationBuilder builder)
    {
        var etcd = builder.AddEtcd("etcd", port: 2379)
            .WithDataVolume()
            .WithLifetime(ContainerLifetime.Persistent);
        return etcd;
    }

    public static IResourceBuilder<EtcdResource> KeepDataInADirectory(IDistributedApplicationBuilder builder)
    {
        var etcd = builder.AddEtcd("etcd").WithDataBindMount("../etcd-data");
        return etcd;
    }

    public static IResourceBuilder<ContainerResource> RunBesideGo(IDistributedApplicationBuilder builder)
    {
        var etcd = builder.AddEtcd("etcd").WithV2Api();

        builder.AddProject<Projects.Catalog>("catalog")
            .WithReference(etcd)
            .WithEnvironment("EtcdDiscovery__Store", "EtcdV2");
        var prices = builder.AddContainer("prices", "example/prices")
            .WithEnvironment("ETCD_HOSTS", etcd);
        return prices;
    }

    public static IResourceBuilder<IResourceWithConnectionString> UseACluster(IDistributedApplicationBuilder builder)
    {
        IResourceBuilder<IResourceWithConnectionString> etcd = builder.ExecutionContext.IsPublishMode
            ? builder.AddConnectionString("etcd")
            : builder.AddEtcd("etcd");
        return etcd;
    }
}
