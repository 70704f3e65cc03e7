using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Hosting;

/// <summary>
/// Logs a warning at start for settings that have no effect: unknown keys, and environment variables that require others.
/// </summary>
internal sealed partial class SettingsDiagnostics(
    IConfiguration configuration,
    IEnumerable<AdditionalService> additionalServices,
    GoEnvironment environment,
    ILogger logger) : IHostedService
{
    private const string Section = EtcdDiscoveryOptions.SectionName;

    // The sections of the ASP.NET Core package.
    private static readonly string[] OtherPackagesSections = ["ServerAddresses", "Readiness"];

    public Task StartAsync(CancellationToken cancellationToken)
    {
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

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Finds the unknown settings, each with the valid ones.</summary>
    private IEnumerable<(string Setting, string Known)> FindUnknown()
    {
        var etcd = $"{Section}:{nameof(EtcdDiscoveryOptions.Etcd)}";
        var added = additionalServices.Select(service => service.OptionsName).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var addedSections = added.Where(name => name.StartsWith($"{Section}:", StringComparison.OrdinalIgnoreCase)).Select(name => name.Split(':')[1]);
        return
        [
            .. FindIn<EtcdDiscoveryOptions>(Section, [.. OtherPackagesSections, .. addedSections]),
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
