using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery;

/// <summary>Configures service discovery after <c>AddEtcdDiscovery()</c>, through extension methods.</summary>
public interface IEtcdDiscoveryBuilder
{
    /// <summary>The service collection that discovery was added to.</summary>
    IServiceCollection Services { get; }
}
