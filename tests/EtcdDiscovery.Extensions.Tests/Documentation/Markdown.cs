using System.Text.RegularExpressions;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>What the tests need of Markdown: fenced blocks, rows of tables, links.</summary>
internal static partial class Markdown
{
    public static IEnumerable<string> Blocks(string text, string language) => Block().Matches(text)
        .Where(block => block.Groups[1].Value == language)
        .Select(block => block.Groups[2].Value);

    /// <summary>The cells of the first table below a heading, without its own heading and without backticks.</summary>
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

    /// <summary>Lines without their indentation, none of them empty.</summary>
    public static List<string> Lines(string text) =>
        [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    [GeneratedRegex(@"^```(\w+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\]\((?!\w+:|#)([^)#]+)[^)]*\)")]
    private static partial Regex Link();
}
