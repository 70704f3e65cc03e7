using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Hosting;

/// <summary>
/// Logs a warning at start for settings that have no effect or an unexpected one: unknown keys and sections, environment variables that
/// require others, and lists that combine several sources.
/// </summary>
internal sealed partial class SettingsDiagnostics(
    IConfiguration configuration,
    IEnumerable<AdditionalService> additionalServices,
    IEnumerable<ConnectionString> connectionStrings,
    GoEnvironment environment,
    ILogger logger) : IHostedService
{
    private const string Section = EtcdDiscoveryOptions.SectionName;

    // They are in the same section as EtcdDiscoveryOptions.
    private static readonly IEnumerable<string> ObservabilitySettings = typeof(EtcdDiscoverySettings).GetProperties().Select(property => property.Name);

    // The sections of the ASP.NET Core package.
    private static readonly string[] OtherPackagesSections = ["ServerAddresses", "Readiness"];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!configuration.GetSection(Section).Exists() && FindAlike() is { } alike)
        {
            Log.SectionNotRead(logger, alike);
        }

        foreach (var (setting, known) in FindUnknown())
        {
            Log.UnknownSetting(logger, setting, known);
        }

        if (environment.Variable(NodeHostname.Variable) is { Length: > 0 } name && ServiceUriBuilder.DescribeBadHost(name) is { } reason)
        {
            Log.HostnameIgnored(logger, LogSanitizer.Sanitize(name), reason);
        }

        if (environment.FindMissingForTls() is { Count: > 0 } missing)
        {
            Log.IncompleteTls(logger, string.Join(", ", missing));
        }

        WarnOfEndpoints();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // A section that was probably meant for this library. Environment variables such as ETCD_HOSTS are values, not sections.
    private string? FindAlike() => configuration.GetChildren()
        .Where(section => section.GetChildren().Any())
        .Select(section => section.Key)
        .FirstOrDefault(key => key.Contains("etcd", StringComparison.OrdinalIgnoreCase) || key.Contains("discovery", StringComparison.OrdinalIgnoreCase));

    private void WarnOfEndpoints()
    {
        var connectionString = connectionStrings.FirstOrDefault();
        var isConnected = connectionString is not null && !string.IsNullOrEmpty(configuration.GetConnectionString(connectionString.Name));
        if (connectionString is not null && !isConnected && !configuration.GetSection(EndpointSources.Setting).Exists())
        {
            Log.NoConnectionString(logger, connectionString.Name);
        }

        if (!isConnected && EndpointSources.DescribeMixture(configuration) is { } mixture)
        {
            Log.MixedEndpoints(logger, mixture);
        }
    }

    /// <summary>Finds unknown settings, each with the names that would be valid.</summary>
    private IEnumerable<(string Setting, string Known)> FindUnknown()
    {
        var etcd = $"{Section}:{nameof(EtcdDiscoveryOptions.Etcd)}";
        var added = additionalServices.Select(service => service.OptionsName).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var addedSections = added.Where(name => name.StartsWith($"{Section}:", StringComparison.OrdinalIgnoreCase)).Select(name => name.Split(':')[1]);
        return
        [
            .. FindIn<EtcdDiscoveryOptions>(Section, [.. ObservabilitySettings, .. OtherPackagesSections, .. addedSections]),
            .. FindIn<EtcdOptions>(etcd),
            .. FindIn<EtcdTlsOptions>($"{etcd}:{nameof(EtcdOptions.Tls)}"),
            .. FindIn<ServiceRegistrationOptions>($"{Section}:{nameof(EtcdDiscoveryOptions.Service)}"),
            .. added.SelectMany(name => FindIn<ServiceRegistrationOptions>(name)),
        ];
    }

    private IEnumerable<(string Setting, string Known)> FindIn<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(
        string section, params string[] others)
    {
        var properties = typeof(T).GetProperties();
        var known = properties.Select(property => property.Name).Concat(others).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var maps = properties.Where(property => property.PropertyType == typeof(IDictionary<string, string>)).Select(property => property.Name);
        foreach (var child in configuration.GetSection(section).GetChildren())
        {
            if (!known.Contains(child.Key))
            {
                yield return (child.Path, string.Join(", ", known));
            }
            else if (!string.IsNullOrEmpty(child.Value) && maps.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                yield return (child.Path, $"keys below it, such as {child.Key}:http");
            }
        }
    }
}
