namespace EtcdDiscovery.Tests;

/// <summary>What users can see of the library is a file that is reviewed.</summary>
public sealed class PublicApiTests
{
    private const string AcceptVariable = "ACCEPT_PUBLIC_API";

    [Theory]
    [InlineData(typeof(IServiceResolver))]
    [InlineData(typeof(ServerAddressOptions))]
    public void PublicApi_ComparedWithTheAcceptedOne_IsTheSame(Type typeOfTheAssembly)
    {
        var actual = PublicApiText.Of(typeOfTheAssembly.Assembly);
        var acceptedFile = $"src/{typeOfTheAssembly.Assembly.GetName().Name}/PublicApi.txt";
        var file = Repository.PathOf(acceptedFile);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            File.WriteAllText(file, actual);
        }

        var accepted = File.Exists(file) ? File.ReadAllText(file) : "";
        Assert.True(actual == accepted, string.Join('\n', [
            $"The public API is not what {acceptedFile} says (+ added, - removed):",
            .. Differences(accepted, actual),
            $"If this is meant, run this test with {AcceptVariable}=1, read the file's diff and commit it.",
        ]));
    }

    [Fact]
    public void Differences_OfAChangedMember_NameItsType()
    {
        const string accepted = "enum A\n    One = 0\nclass B : A\n    long One { get; }\n    long Two { get; }\n";
        const string actual = "enum A\n    One = 0\nsealed class B : A\n    int One { get; }\n    long Two { get; }\n";

        Assert.Equal(["+ sealed class B : A", "+ B: int One { get; }", "- class B : A", "- B: long One { get; }"], Differences(accepted, actual));
    }

    private static IEnumerable<string> Differences(string accepted, string actual)
    {
        var before = WithTypes(accepted);
        var now = WithTypes(actual);
        return now.Except(before).Select(line => "+ " + line).Concat(before.Except(now).Select(line => "- " + line));
    }

    private static List<string> WithTypes(string api)
    {
        var type = "";
        var lines = new List<string>();
        foreach (var line in api.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            type = line[0] == ' ' ? type : line.Split(" : ")[0].Split(' ')[^1];
            lines.Add(line[0] == ' ' ? $"{type}: {line.Trim()}" : line);
        }

        return lines;
    }
}
