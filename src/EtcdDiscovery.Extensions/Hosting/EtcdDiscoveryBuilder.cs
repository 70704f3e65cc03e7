using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EtcdDiscovery.Hosting;

/// <summary>The builder that <c>AddEtcdDiscovery()</c> returns.</summary>
internal sealed class EtcdDiscoveryBuilder(IServiceCollection services) : IEtcdDiscoveryBuilder
{
    public IServiceCollection Services => services;

    public IEtcdDiscoveryBuilder AddService(string sectionName)
    {
        ArgumentException.ThrowIfNullOrEmpty(sectionName);
        var service = new AdditionalService(sectionName);
        if (!services.Any(known => service.Equals(known.ImplementationInstance)))
        {
            services.AddSingleton(service);
            services.AddOptions<ServiceRegistrationOptions>(sectionName)
                .Configure<IConfiguration>((options, configuration) =>
                {
                    var section = configuration.GetSection(sectionName);
                    options.Malformed = MalformedSettings.Find<ServiceRegistrationOptions>(section);
                    MalformedSettings.Without(section, options.Malformed).Bind(options);
                })
                .ValidateOnStart();
        }

        return this;
    }

    public IEtcdDiscoveryBuilder AddService(Action<ServiceRegistrationOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var name = $"AddService[{services.Count(service => service.ServiceType == typeof(AdditionalService))}]";
        services.AddSingleton(new AdditionalService(name));
        services.AddOptions<ServiceRegistrationOptions>(name).Configure(configure).ValidateOnStart();
        return this;
    }

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
