using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;

namespace EtcdDiscovery.Tests;

/// <summary>Which room of the library may depend on which. A room is a folder; what lies below it belongs to it.</summary>
/// <remarks>
/// Dependencies come from the compiled assembly: base types, members' types, method bodies and attributes count, whether or not
/// a <c>using</c> shows them. The folder of a type's file says which room it belongs to, since public types share namespaces.
/// </remarks>
internal static partial class RoomRules
{
    public const string Root = "(root)";

    private const string Library = "src/EtcdDiscovery.Extensions";

    /// <summary>For each room, the rooms that it may depend on. See docs/design.md, "Rooms".</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["Primitives"] = [],
        [Root] = ["Primitives"],
        ["Wire"] = [Root, "Primitives"],
        ["Stores"] = [Root, "Wire", "Primitives"],
        ["Stores/InMemory"] = [Root, "Stores", "Wire", "Primitives"],
        ["Transport"] = [Root, "Primitives"],
        ["Etcd"] = [Root, "Stores", "Transport", "Primitives"],
        ["EtcdV2"] = [Root, "Stores", "Transport", "Primitives"],
        ["Registration"] = [Root, "Stores", "Wire", "Primitives"],
        ["LoadBalancing"] = [Root, "Primitives"],
        ["Resolution"] = [Root, "LoadBalancing", "Stores", "Wire", "Primitives"],
        ["Http"] = [Root, "Primitives"],
        ["GrpcResolver"] = [Root, "Primitives"],
        ["Diagnostics"] = [Root, "Registration", "Resolution", "LoadBalancing", "Stores", "Primitives"],
        ["Hosting"] = ["*"],
    };

    // The library's entrances: what users call leads from the root into a room.
    private static readonly Dictionary<string, string[]> Entrances = new(StringComparer.Ordinal)
    {
        ["EtcdDiscoveryServiceCollectionExtensions"] = ["Hosting"],
        ["EtcdDiscoveryHostApplicationBuilderExtensions"] = ["Hosting"],
        ["EtcdDiscoveryHealthChecksBuilderExtensions"] = ["Diagnostics"],
        ["EtcdDiscoveryHttpClientBuilderExtensions"] = ["Http"],
        ["EtcdDiscoveryBuilderExtensions"] = ["GrpcResolver", "Hosting", "Stores", "Stores/InMemory"],
        // Their signatures name public types whose files are in a room.
        ["IInstancePicker"] = ["LoadBalancing"],
    };

    private static readonly Lazy<Dictionary<string, string>> Rooms = new(FindRooms);

    /// <summary>Every dependency of the library that its rules do not allow.</summary>
    public static IReadOnlyList<string> FindViolations()
    {
        var assembly = typeof(IServiceResolver).Assembly;
        var architecture = new ArchLoader().LoadAssemblies(assembly).Build();
        return [.. architecture.Types
            .Where(type => RoomOf(type) is not null)
            .SelectMany(type => type.Dependencies, (type, dependency) => (type, dependency.Target))
            .Where(arrow => RoomOf(arrow.Target) is { } room && !IsAllowed(NameOf(arrow.type), RoomOf(arrow.type)!, room))
            .Select(arrow => $"{RoomOf(arrow.type)}/{NameOf(arrow.type)} -> {RoomOf(arrow.Target)}/{NameOf(arrow.Target)}")
            .Distinct()
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>The types that are in no room, and so follow no rule: none, unless their declaration is not understood here.</summary>
    public static IReadOnlyList<string> FindHomeless() =>
        [.. typeof(IServiceResolver).Assembly.GetTypes()
            .Where(type => !type.IsNested && type.Namespace?.StartsWith("EtcdDiscovery", StringComparison.Ordinal) == true)
            .Select(type => type.Name.Split('`')[0])
            .Where(name => !Rooms.Value.ContainsKey(name))];

    public static bool IsAllowed(string type, string from, string to) =>
        from == to || Allowed[from].Contains("*") || Allowed[from].Contains(to) || (from == Root && Entrances.GetValueOrDefault(type, []).Contains(to));

    private static string? RoomOf(IType type) => Rooms.Value.GetValueOrDefault(NameOf(type));

    // Nested and compiler-generated types belong to the type around them.
    private static string NameOf(IType type)
    {
        var name = type.FullName.Split('+', '/')[0];
        name = name[(name.LastIndexOf('.') + 1)..];
        return name.Split('`')[0];
    }

    private static Dictionary<string, string> FindRooms()
    {
        var rooms = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Repository.FilesBelow(Library, "*.cs"))
        {
            var folder = string.Join('/', file.Split('/')[..^1]);
            var room = folder.Length == 0 ? Root : Allowed.Keys
                .Where(known => folder == known || folder.StartsWith(known + "/", StringComparison.Ordinal))
                .MaxBy(known => known.Length)
                ?? throw new InvalidOperationException($"{file} is in a folder that {nameof(RoomRules)} does not know: say there what it may depend on.");
            foreach (Match type in Declaration().Matches(Repository.Read($"{Library}/{file}")))
            {
                rooms[type.Groups[1].Value] = room;
            }
        }

        return rooms;
    }

    [GeneratedRegex(@"^(?:(?:public|internal|static|sealed|abstract|partial|readonly|unsafe)\s+)*(?:class|struct|interface|enum|record(?:\s+(?:struct|class))?)\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
