using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery;

/// <summary>Goes on configuring service discovery after <c>AddEtcdDiscovery()</c>, by extension methods.</summary>
public interface IEtcdDiscoveryBuilder
{
    /// <summary>The services that discovery was added to.</summary>
    IServiceCollection Services { get; }
}
