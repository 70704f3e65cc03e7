using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The snippets in the documents are compiled, and their lists are complete.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Documents => ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "samples/README.md", .. Guides];

    /// <summary>The documents for users.</summary>
    private static IEnumerable<string> Guides => ["README.md", .. Repository.FilesBelow("docs", "*.md").Select(file => "docs/" + file)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void CSharpSnippets_OfADocument_AreCompiled(string document)
    {
        string[] folders =
        [
            "samples", "tests/EtcdDiscovery.Extensions.Tests/Documentation", "tests/EtcdDiscovery.Extensions.Testing.Tests",
            "tests/EtcdDiscovery.Extensions.Aspire.Hosting.Tests",
        ];
        var compiled = folders
            .SelectMany(folder => Repository.FilesBelow(folder, "*.cs").Select(file => Markdown.Lines(Repository.Read($"{folder}/{file}"))))
            .ToList();

        Assert.All(Markdown.Blocks(Repository.Read(document), "csharp"), block =>
            Assert.True(compiled.Exists(file => Contains(file, Markdown.Lines(block))), "No compiled file contains this snippet:\n" + block));
    }

    [Fact]
    public void Contains_LinesDiffer_IsFalse()
    {
        var file = Markdown.Lines("using A;\nnamespace B;\n{\n    a();\n    b();\n}\n");

        Assert.True(Contains(file, Markdown.Lines("using EtcdDiscovery;\nusing A;\n\na();\nb();\n")));
        Assert.False(Contains(file, Markdown.Lines("a();\nc();\n")));
        Assert.False(Contains(file, Markdown.Lines("b();\na();\n")));
        Assert.False(Contains(file, Markdown.Lines("using C;\na();\n")));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_OfADocument_LeadToFiles(string document)
    {
        var folder = Path.GetDirectoryName(document)!;

        Assert.All(Markdown.RelativeLinks(Repository.Read(document)), link =>
            Assert.True(Path.Exists(Repository.PathOf(Path.Combine(folder, link))), $"{document} links to {link}, which does not exist."));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Anchors_OfADocument_LeadToHeadings(string document)
    {
        var folder = Path.GetDirectoryName(document)!;

        Assert.All(Markdown.Anchors(Repository.Read(document)), link =>
            Assert.Contains(
                link.Heading,
                Markdown.Headings(Repository.Read(link.File is "" ? document : Path.Combine(folder, link.File)))));
    }

    [Fact]
    public void Guides_All_AreLinkedInTheReadme()
    {
        var linked = Markdown.RelativeLinks(Repository.Read("README.md")).ToHashSet(StringComparer.Ordinal);

        Assert.All(Guides.Skip(1), page => Assert.Contains(page, linked));
    }

    [Fact]
    public void PublicTypes_All_AreShownInSnippets()
    {
        var pages = Guides.Select(Repository.Read).ToList();
        var code = Markdown.Words(pages.SelectMany(page => Markdown.Blocks(page, "csharp")));
        var tables = Markdown.Words(pages.SelectMany(Markdown.TableRows));
        var types = new[]
        {
            typeof(IServiceResolver),
            typeof(ServerAddressOptions),
            typeof(ServiceDiscovery.EtcdServiceEndpointProviderOptions),
            typeof(FakeServiceResolver),
            typeof(DiscoveryStoreConformance),
        }.SelectMany(type => type.Assembly.GetExportedTypes()).ToList();

        Assert.Contains(typeof(InMemoryDiscoveryStore), types);
        Assert.Empty(types.Where(type => !IsShown(type, code, tables)).Select(type => type.FullName));
    }

    [Fact]
    public void IsShown_TypeOnlyInATable_IsTrueForExceptionsAndOptions()
    {
        HashSet<string> none = [];
        HashSet<string> all = [nameof(ServiceQuery), nameof(EtcdOptions), nameof(UnknownSchemeException), nameof(ServiceResolverExtensions.GetUriAsync)];

        Assert.True(IsShown(typeof(ServiceQuery), all, none));
        Assert.False(IsShown(typeof(ServiceQuery), none, all));
        Assert.True(IsShown(typeof(EtcdOptions), none, all));
        Assert.True(IsShown(typeof(UnknownSchemeException), none, all));
        // The other methods of the class are not shown.
        Assert.False(IsShown(typeof(ServiceResolverExtensions), all, all));
    }

    // Exceptions and options appear mostly in tables. Classes of extension methods never appear by name, so their methods must.
    private static bool IsShown(Type type, HashSet<string> code, HashSet<string> tables) =>
        type.IsDefined(typeof(ExtensionAttribute), inherit: false)
            ? type.GetMethods().Where(method => method.IsStatic).All(method => code.Contains(method.Name))
            : code.Contains(type.Name)
                || ((type.IsSubclassOf(typeof(Exception)) || IsBound(type)) && tables.Contains(type.Name));

    private static bool IsBound(Type type) =>
        type.Name.EndsWith("Options", StringComparison.Ordinal) || type.Name.EndsWith("Settings", StringComparison.Ordinal);

    // Using directives may be elsewhere in the file. The namespace of the test project includes that of the library.
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
