using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>Reads the services to register from the configuration, at start and after each change.</summary>
internal sealed class ConfiguredServices(
    IOptionsFactory<EtcdDiscoveryOptions> main,
    IOptionsFactory<ServiceRegistrationOptions> added,
    IEnumerable<AdditionalService> addedServices,
    IConfiguration configuration)
{
    private const string MainSection = $"{EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Service)}";

    private volatile bool _isValidated;

    /// <summary>Validates all options, once.</summary>
    /// <exception cref="OptionsValidationException">Some options are invalid; the message lists all of them.</exception>
    public void ThrowIfInvalid()
    {
        if (!_isValidated)
        {
            Read();
            _isValidated = true;
        }
    }

    /// <summary>
    /// Reads the services to register, by configuration section. Empty if the configuration registers nothing. The application's main
    /// service is included only if it has a name.
    /// </summary>
    /// <exception cref="OptionsValidationException">Some options are invalid; the message lists all of them.</exception>
    public Dictionary<string, ServiceRegistrationOptions> Read()
    {
        var problems = new List<string>();
        var all = Create(main, Options.DefaultName, problems);
        var services = new Dictionary<string, ServiceRegistrationOptions>(StringComparer.Ordinal);
        foreach (var name in addedServices.Select(service => service.OptionsName).Distinct(StringComparer.Ordinal))
        {
            if (Create(added, name, problems) is { } service)
            {
                services.Add(name, service);
            }
        }

        if (problems.Count > 0)
        {
            // If a delegate that configures an added service reads the main options, their problems are reported twice.
            throw new OptionsValidationException(
                Options.DefaultName, typeof(EtcdDiscoveryOptions), problems.Distinct(StringComparer.Ordinal));
        }

        if (all is not { RegisterService: true })
        {
            return [];
        }

        if (all.Service is { Name: not null } own)
        {
            // AddService may also have added the main section, which is still one service.
            services[MainSection] = own;
        }

        return services.Where(service => service.Value.Enabled).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>Calls back when the configuration may have changed.</summary>
    public IDisposable OnChange(Action callback) => ChangeToken.OnChange(configuration.GetReloadToken, callback);

    private static T? Create<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(
        IOptionsFactory<T> factory, string name, List<string> problems)
        where T : class
    {
        try
        {
            return factory.Create(name);
        }
        catch (OptionsValidationException error)
        {
            problems.AddRange(error.Failures);
            return null;
        }
    }
}
