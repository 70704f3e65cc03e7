using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace EtcdDiscovery.Wire;

/// <summary>Where things stand in the store.</summary>
internal static class ServiceKeys
{
    private const string Instances = "/services/";
    private const string Infos = "/services_infos/";
    private const char Replacement = '\uFFFD';

    /// <summary>The prefix of the descriptions of all services.</summary>
    public static string Descriptions => Infos;

    public static string Description(string serviceName) => Infos + serviceName;

    public static string Instance(string serviceName, string id) => InstancesOf(serviceName) + id;

    /// <summary>The service that a description's key belongs to; null when no service can have that name.</summary>
    public static string? ParseDescription(string key) =>
        key[Infos.Length..] is var name && DescribeBadServiceName(name) is null ? name : null;

    /// <summary>The prefix of a service's instances; those of a service <c>a/b</c> lie below <c>a</c>'s too.</summary>
    public static string InstancesOf(string serviceName) => Instances + serviceName + "/";

    public static bool TryParseInstance(string serviceName, string key, [NotNullWhen(true)] out string? id)
    {
        var start = Instances.Length + serviceName.Length + 1;
        id = key.Length > start && key.IndexOf('/', start) < 0 ? key[start..] : null;
        return id is not null;
    }

    /// <summary>Whether an id is text. Keys that are no UTF-8 look alike as text, and stand in another order than it does.</summary>
    public static bool IsReadable(string id) => !id.Contains(Replacement, StringComparison.Ordinal);

    /// <summary>Says why a service cannot have a name, or null when it can. Such names corrupt the store in Go.</summary>
    public static string? DescribeBadServiceName(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return "is empty";
        }

        if (name.Any(char.IsControl))
        {
            return "contains a control character";
        }

        if (!IsWellFormed(name))
        {
            return "is not valid Unicode";
        }

        var segments = name.Split('/');
        if (segments.Any(segment => segment.Length == 0))
        {
            return "has a '/' at its start or end, or two in a row";
        }

        return segments.Any(segment => segment is "." or "..") ? "has a segment '.' or '..'" : null;
    }

    private static bool IsWellFormed(string text) => text.EnumerateRunes().All(rune => rune != Rune.ReplacementChar);
}
