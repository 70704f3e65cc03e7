using Aspire.Hosting;
using EtcdDiscovery.Tests;

namespace Projects;

// Aspire's SDK generates such classes for the project references of an AppHost.

internal sealed class Catalog : IProjectMetadata
{
    public string ProjectPath => Repository.PathOf("samples/Shop/Catalog/Catalog.csproj");
}

internal sealed class Storefront : IProjectMetadata
{
    public string ProjectPath => Repository.PathOf("samples/Shop/Storefront/Storefront.csproj");
}
