using System.Text.RegularExpressions;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>Parses Markdown as far as the tests need it: fenced blocks, table rows, headings, links.</summary>
internal static partial class Markdown
{
    public static IEnumerable<string> Blocks(string text, string language) => Block().Matches(text)
        .Where(block => block.Groups[1].Value == language)
        .Select(block => block.Groups[2].Value);

    /// <summary>The cells of the first table below a heading, without the header row and without backticks.</summary>
    public static List<string[]> Table(string text, string heading) =>
    [
        .. text.Split('\n')
            .SkipWhile(line => line != heading)
            .SkipWhile(line => !line.StartsWith('|'))
            .TakeWhile(line => line.StartsWith('|'))
            .Skip(2)
            .Select(line => Array.ConvertAll(line.Trim('|').Split('|'), cell => cell.Trim().Replace("`", "", StringComparison.Ordinal))),
    ];

    public static IEnumerable<string> RelativeLinks(string text) => Link().Matches(text).Select(link => link.Groups[1].Value);

    /// <summary>Links to headings; an empty file means the same document.</summary>
    public static IEnumerable<(string File, string Heading)> Anchors(string text) =>
        Anchor().Matches(text).Select(link => (link.Groups[1].Value, link.Groups[2].Value));

    /// <summary>The anchors of the headings.</summary>
    public static IEnumerable<string> Headings(string text) => Heading().Matches(Fence().Replace(text, ""))
        .Select(heading => NotInAnchors().Replace(heading.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>The rows of all tables.</summary>
    public static IEnumerable<string> TableRows(string text) => text.Split('\n').Where(line => line.StartsWith('|'));

    public static HashSet<string> Words(IEnumerable<string> texts) =>
        texts.SelectMany(text => Word().Matches(text), (_, word) => word.Value).ToHashSet(StringComparer.Ordinal);

    /// <summary>The non-empty lines, without indentation.</summary>
    public static List<string> Lines(string text) =>
        [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    [GeneratedRegex(@"^```(\w+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\]\((?!\w+:)([^)#]*)#([^)]+)\)")]
    private static partial Regex Anchor();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```.*?^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\]\((?!\w+:|#)([^)#]+)[^)]*\)")]
    private static partial Regex Link();
}
