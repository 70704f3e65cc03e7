using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Registration;
using Microsoft.Extensions.Configuration;

namespace EtcdDiscovery.Hosting;

/// <summary>Finds what stands in the configuration and is read by nobody: misspelt, most likely.</summary>
internal sealed class UnknownSettings(IConfiguration configuration, IEnumerable<AdditionalService> addedServices)
{
    private const string Section = EtcdDiscoveryOptions.SectionName;

    // The sections of the package for ASP.NET Core.
    private static readonly string[] OfOthers = ["ServerAddresses", "Readiness"];

    /// <summary>Each unknown setting, and what may stand in its place.</summary>
    public IEnumerable<(string Setting, string Known)> Find()
    {
        var etcd = $"{Section}:{nameof(EtcdDiscoveryOptions.Etcd)}";
        var added = addedServices.Select(service => service.OptionsName).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var ofAdded = added.Where(name => name.StartsWith($"{Section}:", StringComparison.OrdinalIgnoreCase)).Select(name => name.Split(':')[1]);
        return
        [
            .. FindIn<EtcdDiscoveryOptions>(Section, [.. OfOthers, .. ofAdded]),
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
                yield return (child.Path, $"{child.Key}:http and the like");
            }
        }
    }
}
