using System.Text.RegularExpressions;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The diagrams in docs/design.md match the library.</summary>
public sealed partial class DesignTests
{
    [Fact]
    public void Diagrams_InTheDesign_NameTypesOfTheLibrary()
    {
        var diagrams = Markdown.Blocks(Repository.Read("docs/design.md"), "mermaid").ToList();
        var types = typeof(IServiceResolver).Assembly.GetTypes().Select(type => type.Name).ToHashSet(StringComparer.Ordinal);

        Assert.Equal(4, diagrams.Count);
        Assert.All(diagrams, diagram =>
        {
            var nodes = Node().Matches(diagram).Select(match => match.Groups["type"].Value).ToHashSet(StringComparer.Ordinal);
            Assert.NotEmpty(nodes);
            Assert.DoesNotContain(nodes, node => !types.Contains(node));
            // Each type of an arrow needs a box, which describes it.
            Assert.DoesNotContain(
                Arrow().Matches(diagram).SelectMany(match => new[] { match.Groups["from"].Value, match.Groups["to"].Value }),
                type => !nodes.Contains(type));
        });
    }

    [GeneratedRegex(@"^\s*(?<type>\w+)\[""", RegexOptions.Multiline)]
    private static partial Regex Node();

    [GeneratedRegex(@"(?<from>\w+) -->(?:\|[^|]*\|)? (?=(?<to>\w+))")]
    private static partial Regex Arrow();
}
