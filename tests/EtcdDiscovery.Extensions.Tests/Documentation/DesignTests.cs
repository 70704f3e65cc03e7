using System.Text.RegularExpressions;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The pictures in docs/design.md show the library as it is.</summary>
public sealed partial class DesignTests
{
    [Fact]
    public void Ways_InTheDesign_NameTypesOfTheLibrary()
    {
        var ways = Markdown.Blocks(Repository.Read("docs/design.md"), "mermaid").ToList();
        var types = typeof(IServiceResolver).Assembly.GetTypes().Select(type => type.Name).ToHashSet(StringComparer.Ordinal);

        Assert.Equal(4, ways.Count);
        Assert.All(ways, way =>
        {
            var nodes = Node().Matches(way).Select(match => match.Groups["type"].Value).ToHashSet(StringComparer.Ordinal);
            Assert.NotEmpty(nodes);
            Assert.DoesNotContain(nodes, node => !types.Contains(node));
            // An arrow to a type without a box would say nothing about it.
            Assert.DoesNotContain(
                Arrow().Matches(way).SelectMany(match => new[] { match.Groups["from"].Value, match.Groups["to"].Value }),
                type => !nodes.Contains(type));
        });
    }

    [GeneratedRegex(@"^\s*(?<type>\w+)\[""", RegexOptions.Multiline)]
    private static partial Regex Node();

    [GeneratedRegex(@"(?<from>\w+) -->(?:\|[^|]*\|)? (?=(?<to>\w+))")]
    private static partial Regex Arrow();
}
