using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace EtcdDiscovery.Wire;

/// <summary>Builds and parses the keys of instances and descriptions.</summary>
internal static class ServiceKeys
{
    /// <summary>The prefix of the instances of all services.</summary>
    public const string Instances = "/services/";

    /// <summary>The prefix of the descriptions of all services.</summary>
    public const string Descriptions = "/services_infos/";

    private const char Replacement = '\uFFFD';

    public static string Description(string serviceName) => Descriptions + serviceName;

    public static string Instance(string serviceName, string id) => InstancesOf(serviceName) + id;

    /// <summary>Returns the service name in the key of a description; null if the name is not valid.</summary>
    public static string? ParseDescription(string key) =>
        key[Descriptions.Length..] is var name && DescribeBadServiceName(name) is null ? name : null;

    /// <summary>The prefix of a service's instances. The prefix of <c>a</c> also matches the instances of the service <c>a/b</c>.</summary>
    public static string InstancesOf(string serviceName) => Instances + serviceName + "/";

    public static bool TryParseInstance(string serviceName, string key, [NotNullWhen(true)] out string? id)
    {
        var start = Instances.Length + serviceName.Length + 1;
        id = key.Length > start && key.IndexOf('/', start) < 0 ? key[start..] : null;
        return id is not null;
    }

    /// <summary>
    /// Whether an id was valid UTF-8 in its key. If it was not, several keys could decode to the same id, and the ids would sort
    /// differently from the keys.
    /// </summary>
    public static bool IsReadable(string id) => !id.Contains(Replacement, StringComparison.Ordinal);

    /// <summary>
    /// Describes why a service name is invalid; null if it is valid. Go accepts invalid names and corrupts the store with them.
    /// </summary>
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
