using System.Text.RegularExpressions;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>What the documents show is compiled, and what they list is all there is.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Documents =>
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", .. Repository.FilesBelow("docs", "*.md").Select(file => "docs/" + file)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void CSharp_InADocument_IsCompiled(string document)
    {
        string[] folders = ["samples", "tests/EtcdDiscovery.Extensions.Tests/Documentation"];
        var compiled = folders
            .SelectMany(folder => Repository.FilesBelow(folder, "*.cs").Select(file => Markdown.Lines(Repository.Read($"{folder}/{file}"))))
            .ToList();

        Assert.All(Markdown.Blocks(Repository.Read(document), "csharp"), block =>
            Assert.True(compiled.Exists(file => Contains(file, Markdown.Lines(block))), "No compiled file has this:\n" + block));
    }

    [Fact]
    public void Contains_OfAnotherLine_IsFalse()
    {
        var file = Markdown.Lines("using A;\nnamespace B;\n{\n    a();\n    b();\n}\n");

        Assert.True(Contains(file, Markdown.Lines("using EtcdDiscovery;\nusing A;\n\na();\nb();\n")));
        Assert.False(Contains(file, Markdown.Lines("a();\nc();\n")));
        Assert.False(Contains(file, Markdown.Lines("b();\na();\n")));
        Assert.False(Contains(file, Markdown.Lines("using C;\na();\n")));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_InADocument_LeadToFiles(string document)
    {
        var folder = Path.GetDirectoryName(document)!;

        Assert.All(Markdown.RelativeLinks(Repository.Read(document)), link =>
            Assert.True(Path.Exists(Repository.PathOf(Path.Combine(folder, link))), $"{document} links to {link}, which is not there."));
    }

    // Directives may stand elsewhere in the file; the test project's own namespace already sees the library's.
    private static bool Contains(List<string> file, List<string> block)
    {
        var usings = block.Where(line => Directive().IsMatch(line)).ToList();
        List<string> rest = [.. block.Where(line => !Directive().IsMatch(line))];
        return usings.All(line => line == "using EtcdDiscovery;" || file.Contains(line))
            && Enumerable.Range(0, Math.Max(0, file.Count - rest.Count + 1)).Any(start => file.Skip(start).Take(rest.Count).SequenceEqual(rest));
    }

    [GeneratedRegex(@"^using [\w.]+;$")]
    private static partial Regex Directive();
}
