using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>What the configuration says is to be registered, now and after each of its changes.</summary>
internal sealed class ConfiguredServices(
    IOptionsFactory<EtcdDiscoveryOptions> main,
    IOptionsFactory<ServiceRegistrationOptions> added,
    IEnumerable<AdditionalService> addedServices,
    IConfiguration configuration)
{
    private const string MainSection = $"{EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Service)}";

    /// <summary>The enabled services by configuration section, read anew. The host's own is not there without a name.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong.</exception>
    public Dictionary<string, ServiceRegistrationOptions> Read()
    {
        var services = addedServices.Distinct().ToDictionary(
            service => service.OptionsName, service => added.Create(service.OptionsName), StringComparer.Ordinal);
        if (main.Create(Options.DefaultName).Service is { Name: not null } own)
        {
            // Somebody may have added the host's own section, too: it is one service all the same.
            services[MainSection] = own;
        }

        return services.Where(service => service.Value.Enabled).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>Calls back whenever the configuration may have changed.</summary>
    public IDisposable OnChange(Action callback) => ChangeToken.OnChange(configuration.GetReloadToken, callback);
}
