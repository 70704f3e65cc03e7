using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EtcdDiscovery.Hosting;

/// <summary>The builder that <c>AddEtcdDiscovery()</c> returns.</summary>
internal sealed class EtcdDiscoveryBuilder(IServiceCollection services) : IEtcdDiscoveryBuilder
{
    public IServiceCollection Services => services;

    // A store that the caller shares among hosts is the caller's to dispose, and an instance is not disposed by the container.
    public IEtcdDiscoveryBuilder UseInMemoryStore(InMemoryDiscoveryStore? shared)
    {
        services.Replace(shared is null
            ? ServiceDescriptor.Singleton<IDiscoveryStore>(provider =>
                new InMemoryDiscoveryStore(provider.GetRequiredService<TimeProvider>()))
            : ServiceDescriptor.Singleton<IDiscoveryStore>(shared));
        return this;
    }

    public IEtcdDiscoveryBuilder UseStore(Func<IServiceProvider, IDiscoveryStore> factory)
    {
        services.Replace(ServiceDescriptor.Singleton(factory));
        return this;
    }
}
