using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Hosting;

/// <summary>Adds the options of services that <c>AddService</c> registers.</summary>
internal static class AdditionalServices
{
    /// <summary>Adds a service that is configured by a section. Adding the same section again has no effect.</summary>
    public static void Add(IServiceCollection services, string sectionName)
    {
        var service = new AdditionalService(sectionName);
        if (services.Any(known => service.Equals(known.ImplementationInstance)))
        {
            return;
        }

        services.AddSingleton(service);
        services.AddOptions<ServiceRegistrationOptions>(sectionName)
            .Configure<IConfiguration>((options, configuration) =>
            {
                var section = configuration.GetSection(sectionName);
                options.Malformed = MalformedSettings.Find<ServiceRegistrationOptions>(section);
                MalformedSettings.Without(section, options.Malformed).Bind(options);
            });
    }

    /// <summary>Adds a service that is configured by a delegate.</summary>
    public static void Add(IServiceCollection services, Action<ServiceRegistrationOptions> configure)
    {
        var name = $"AddService[{services.Count(service => service.ServiceType == typeof(AdditionalService))}]";
        services.AddSingleton(new AdditionalService(name));
        services.AddOptions<ServiceRegistrationOptions>(name).Configure(configure);
    }
}
