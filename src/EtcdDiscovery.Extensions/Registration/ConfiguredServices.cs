using System.Diagnostics.CodeAnalysis;
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

    private volatile bool _isValidated;

    /// <summary>Validates all options unless that was done before.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; the message lists all of it.</exception>
    public void ThrowIfWrong()
    {
        if (!_isValidated)
        {
            Read();
            _isValidated = true;
        }
    }

    /// <summary>
    /// The services to register by configuration section, read anew: none when the configuration registers nothing. The host's own is not
    /// there without a name.
    /// </summary>
    /// <exception cref="OptionsValidationException">Something is wrong; the message lists all of it.</exception>
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
            // A delegate that configures an added service may read the main options, which then report theirs once more.
            throw new OptionsValidationException(
                Options.DefaultName, typeof(EtcdDiscoveryOptions), problems.Distinct(StringComparer.Ordinal));
        }

        if (all is not { RegisterService: true })
        {
            return [];
        }

        if (all.Service is { Name: not null } own)
        {
            // The host's own section may have been added by AddService, too: it is one service all the same.
            services[MainSection] = own;
        }

        return services.Where(service => service.Value.Enabled).ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>Calls back whenever the configuration may have changed.</summary>
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
