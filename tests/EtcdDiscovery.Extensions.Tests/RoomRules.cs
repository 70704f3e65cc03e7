using System.Text.RegularExpressions;

namespace EtcdDiscovery.Tests;

/// <summary>Which room of the library may name which. A room is a folder with the namespace of the same name.</summary>
internal static partial class RoomRules
{
    private const string Root = "";

    // The longest room that a file's folder starts with is its room; what a folder below adds belongs to it.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        [Root] = ["Model"],
        ["Model"] = [],
        ["Stores"] = ["Model"],
        ["Stores.Etcd"] = ["Model", "Stores"],
        ["Stores.EtcdV2"] = ["Model", "Stores"],
        ["Stores.InMemory"] = ["Model", "Stores"],
        ["Registration"] = ["Model", "Stores"],
        ["Resolution"] = ["Model", "Stores"],
        ["Logging"] = [],
        ["Http"] = ["Logging"],
        ["Health"] = ["Registration", "Resolution"],
        ["Hosting"] = ["Model", "Logging", "Stores", "Stores.Etcd", "Stores.EtcdV2", "Stores.InMemory", "Registration", "Resolution", "Health"],
    };

    // The library's entrances: what users call leads into the rooms.
    private static readonly Dictionary<string, string> Entrances = new(StringComparer.Ordinal)
    {
        ["EtcdDiscoveryServiceCollectionExtensions.cs"] = "Hosting",
        ["EtcdDiscoveryHealthChecksBuilderExtensions.cs"] = "Health",
        ["EtcdDiscoveryHttpClientBuilderExtensions.cs"] = "Http",
    };

    private static readonly Dictionary<string, string> ConcreteStores = new(StringComparer.Ordinal)
    {
        ["EtcdStore"] = "Stores.Etcd",
        ["EtcdV2Store"] = "Stores.EtcdV2",
        ["InMemoryDiscoveryStore"] = "Stores.InMemory",
    };

    /// <summary>What is wrong with a source file of the library; nothing when it keeps to the rules.</summary>
    /// <param name="file">Its path within the library's folder.</param>
    /// <param name="source">Its text.</param>
    public static IReadOnlyList<string> Check(string file, string source)
    {
        var folder = string.Join('.', file.Split('/')[..^1]);
        if (RoomOf(folder) is not { } room || (room == Root && folder.Length > 0))
        {
            return [$"{file} is in a folder that {nameof(RoomRules)} does not know: say there what it may import."];
        }

        var code = NotCode().Replace(source, " ");
        var problems = new List<string>();
        if (Declaration().Match(code) is { Success: true } declared && !MayDeclare(folder, declared.Groups[1].Value))
        {
            problems.Add($"{file} declares the namespace {declared.Groups[1].Value}, not its folder's or the root.");
        }

        string[] allowed = [room, .. Allowed[room], .. Entrances.TryGetValue(file, out var entrance) ? [entrance] : Array.Empty<string>()];
        problems.AddRange(NamedRooms(Declaration().Replace(code, " "), room)
            .Where(named => !allowed.Contains(named))
            .Select(named => $"{file} names the room {named}; allowed from here: {string.Join(", ", Allowed[room])}."));
        problems.AddRange(ConcreteStores
            .Where(store => room != "Hosting" && room != store.Value && file != "IEtcdDiscoveryBuilder.cs"
                && Regex.IsMatch(code, $@"\b{store.Key}\b"))
            .Select(store => $"{file} names {store.Key}; only Hosting, the composition root, names a concrete store."));
        return problems;
    }

    private static IEnumerable<string> NamedRooms(string code, string room)
    {
        var qualified = Qualified().Matches(code).Select(name => name.Groups[1].Value);
        // C# also finds a name from the namespaces around: Resolution.X, and within Stores even Etcd.X.
        var relative = Relative().Matches(code).Select(name => name.Value);
        var fromStores = room.StartsWith("Stores", StringComparison.Ordinal)
            ? RelativeToStores().Matches(code).Select(name => "Stores." + name.Value)
            : [];
        return qualified.Concat(relative).Concat(fromStores).Select(RoomOf).OfType<string>().Where(named => named != Root).Distinct();
    }

    private static string? RoomOf(string name) => Allowed.Keys
        .Where(room => room == Root || name == room || name.StartsWith(room + ".", StringComparison.Ordinal))
        .MaxBy(room => room.Length);

    private static bool MayDeclare(string folder, string declared) =>
        declared == "EtcdDiscovery"
        || (folder.Length == 0 ? declared == "Microsoft.Extensions.DependencyInjection" : declared == "EtcdDiscovery." + folder);

    [GeneratedRegex("""
        "{3}[\s\S]*?"{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*[\s\S]*?\*/
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex NotCode();

    [GeneratedRegex(@"\bnamespace\s+([\w.]+)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\bEtcdDiscovery\.([\w.]+)")]
    private static partial Regex Qualified();

    [GeneratedRegex(@"(?<![\w.])(?:Model|Stores|Registration|Resolution|Http|Health|Hosting|Logging)(?:\.\w+)+")]
    private static partial Regex Relative();

    [GeneratedRegex(@"(?<![\w.])(?:Etcd|EtcdV2|InMemory)(?:\.\w+)+")]
    private static partial Regex RelativeToStores();
}
