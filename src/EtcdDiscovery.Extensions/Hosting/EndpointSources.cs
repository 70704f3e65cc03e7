using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;

namespace EtcdDiscovery.Hosting;

/// <summary>Determines which configuration sources set etcd's endpoints, and whether as comma-separated text or as a list.</summary>
internal static class EndpointSources
{
    public const string Setting = $"{EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Etcd)}:{nameof(EtcdOptions.Endpoints)}";

    /// <summary>Gets the endpoints as comma-separated text, which the binder cannot convert to a list.</summary>
    /// <returns>Whether such text exists and no later source overrides it with a list.</returns>
    public static bool TryGetText(IConfiguration configuration, [NotNullWhen(true)] out string? text)
    {
        text = configuration[Setting];
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var sources = SourcesOf(configuration);
        return sources.FindLastIndex(HasText) >= sources.FindLastIndex(source => IndexesIn(source).Count > 0)
            && (sources.Count > 0 || !configuration.GetSection(Setting).GetChildren().Any());
    }

    /// <summary>
    /// Describes a list that comes from several sources. Configuration merges lists index by index, so a shorter list leaves the rest of a
    /// longer one in place.
    /// </summary>
    /// <returns>The source of each index; null if all indexes come from the same source.</returns>
    public static string? DescribeMixture(IConfiguration configuration)
    {
        var sources = SourcesOf(configuration);
        if (TryGetText(configuration, out _) || sources.Count(source => IndexesIn(source).Count > 0) < 2)
        {
            return null;
        }

        var parts = sources.SelectMany(IndexesIn).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .GroupBy(index => sources.FindLastIndex(source => IndexesIn(source).Contains(index)))
            .Select(part => $"{string.Join(", ", part)} from {sources[part.Key]}")
            .ToList();
        return parts.Count > 1 ? string.Join("; ", parts) : null;
    }

    private static List<IConfigurationProvider> SourcesOf(IConfiguration configuration) =>
        configuration is IConfigurationRoot root ? [.. root.Providers] : [];

    private static bool HasText(IConfigurationProvider source) => source.TryGet(Setting, out var text) && !string.IsNullOrEmpty(text);

    private static HashSet<string> IndexesIn(IConfigurationProvider source) => source.GetChildKeys([], Setting).ToHashSet(StringComparer.Ordinal);
}
