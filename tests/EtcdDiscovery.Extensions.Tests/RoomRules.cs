using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;

namespace EtcdDiscovery.Tests;

/// <summary>The rules for dependencies between the rooms of the library. A room is a folder with everything below it.</summary>
/// <remarks>
/// Dependencies are read from the compiled assembly: base types, members' types, method bodies and attributes count, with or without a
/// <c>using</c>. The folder of a type's file determines its room, because public types share namespaces.
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

    // The entry points of the library: public methods of the root that call into a room.
    private static readonly Dictionary<string, string[]> Entrances = new(StringComparer.Ordinal)
    {
        ["EtcdDiscoveryServiceCollectionExtensions"] = ["Hosting"],
        ["EtcdDiscoveryHostApplicationBuilderExtensions"] = ["Hosting"],
        ["EtcdDiscoveryHealthChecksBuilderExtensions"] = ["Diagnostics"],
        ["EtcdDiscoveryHttpClientBuilderExtensions"] = ["Http"],
        ["EtcdDiscoveryBuilderExtensions"] = ["GrpcResolver", "Hosting", "Stores", "Stores/InMemory"],
        // The signatures use public types whose files are in a room.
        ["IInstancePicker"] = ["LoadBalancing"],
    };

    private static readonly Lazy<Dictionary<string, string>> Rooms = new(FindRooms);

    /// <summary>All dependencies that violate the rules.</summary>
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

    /// <summary>The types for which no room is found, so that no rule applies: none, unless their declarations cannot be parsed here.</summary>
    public static IReadOnlyList<string> FindTypesWithoutRoom() =>
        [.. typeof(IServiceResolver).Assembly.GetTypes()
            .Where(type => !type.IsNested && type.Namespace?.StartsWith("EtcdDiscovery", StringComparison.Ordinal) == true)
            .Select(type => type.Name.Split('`')[0])
            .Where(name => !Rooms.Value.ContainsKey(name))];

    public static bool IsAllowed(string type, string from, string to) =>
        from == to || Allowed[from].Contains("*") || Allowed[from].Contains(to) || (from == Root && Entrances.GetValueOrDefault(type, []).Contains(to));

    private static string? RoomOf(IType type) => Rooms.Value.GetValueOrDefault(NameOf(type));

    // Nested and compiler-generated types belong to the enclosing type.
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
                ?? throw new InvalidOperationException($"{file} is in a folder that {nameof(RoomRules)} does not list: add the rooms that it may depend on.");
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
