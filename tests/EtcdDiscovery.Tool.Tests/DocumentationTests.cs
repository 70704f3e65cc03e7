using System.Text.RegularExpressions;
using EtcdDiscovery.Tests;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>docs/tool.md lists every option and every exit code.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Page = Repository.Read("docs/tool.md");

    [Theory]
    [InlineData("services")]
    [InlineData("instances")]
    [InlineData("uri")]
    [InlineData("watch")]
    [InlineData("explain")]
    [InlineData("register")]
    [InlineData("doctor")]
    [InlineData("copy-descriptions")]
    public async Task Options_OfACommand_AreDocumented(string command)
    {
        var help = await ToolProcess.RunAsync(null, command, "--help");
        var documented = Page.Split('\n').Where(line => line.StartsWith("| `--", StringComparison.Ordinal)).ToList();

        var options = Option().Matches(help.Output).Select(match => match.Value.Trim()).ToList();

        Assert.Contains("--endpoints", options);
        Assert.All(options, option => Assert.Contains(documented, line => line.StartsWith($"| `{option}`", StringComparison.Ordinal)
            || line.StartsWith($"| `{option} ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ExitCodes_InTheHelp_AreDocumented()
    {
        var help = await ToolProcess.RunAsync(null, "--help");

        var codes = ExitCode().Matches(help.Output).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], codes);
        Assert.All(codes, code => Assert.Contains($"\n| {code} |", Page, StringComparison.Ordinal));
    }

    // Only matches options at the start of a line, where they are described.
    [GeneratedRegex(@"(?<=^  (-\?, -h, )?)--[a-z-]+", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"^ +(\d+)  ", RegexOptions.Multiline)]
    private static partial Regex ExitCode();
}
