using System.Text.Json.Serialization;

namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>The JSON document of a saved snapshot: the entries that it was read from.</summary>
internal sealed record SnapshotDocument(
    string Service, DateTimeOffset AsOf, long Revision, ulong ClusterId, IReadOnlyList<SnapshotDocument.Entry> Entries)
{
    internal sealed record Entry(string Key, string Value);
}

[JsonSerializable(typeof(SnapshotDocument))]
internal sealed partial class SnapshotJsonContext : JsonSerializerContext;
