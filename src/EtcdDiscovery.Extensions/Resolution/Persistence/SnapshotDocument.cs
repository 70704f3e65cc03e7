using System.Text.Json.Serialization;

namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>A saved snapshot as it stands in its file: the entries that it was read from.</summary>
internal sealed record SnapshotDocument(
    string Service, DateTimeOffset AsOf, long Revision, ulong ClusterId, IReadOnlyList<SnapshotDocument.Entry> Entries)
{
    internal sealed record Entry(string Key, string Value);
}

[JsonSerializable(typeof(SnapshotDocument))]
internal sealed partial class SnapshotJsonContext : JsonSerializerContext;
