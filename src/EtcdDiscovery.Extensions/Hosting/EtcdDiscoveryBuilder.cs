using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Hosting;

/// <summary>The builder that <c>AddEtcdDiscovery()</c> returns.</summary>
internal sealed record EtcdDiscoveryBuilder(IServiceCollection Services) : IEtcdDiscoveryBuilder;
