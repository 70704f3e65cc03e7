using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

/// <summary>
/// Converts a map to and from a JSON object of strings. As in Go, the last of duplicate keys wins, and a repeated object is merged into the
/// previous one.
/// </summary>
internal sealed class MapConverter : JsonConverter<IReadOnlyDictionary<string, string>>
{
    /// <summary>The maximum number of entries of a map.</summary>
    public const int MaxEntries = 256;

    public override IReadOnlyDictionary<string, string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.StartObject && ReadEntries(ref reader) is { } entries
            ? entries
            : throw new JsonException("An object of strings was expected.");

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (key, text) in value)
        {
            writer.WriteString(key, text);
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// Reads an object to its end without throwing, because exceptions are expensive and an entry can contain thousands of invalid objects.
    /// </summary>
    /// <returns>The entries, at most one more than <see cref="MaxEntries"/>; null if one of them is not text.</returns>
    public static Dictionary<string, string>? ReadEntries(ref Utf8JsonReader reader)
    {
        Dictionary<string, string>? entries = new(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (entries is not { Count: <= MaxEntries })
            {
                reader.Skip();
                continue;
            }

            var key = ReadKey(ref reader);
            reader.Read();
            if (LenientStringConverter.IsText(reader.TokenType))
            {
                entries[key] = LenientStringConverter.ReadText(ref reader) ?? "";
            }
            else
            {
                entries = null;
                reader.Skip();
            }
        }

        return entries;
    }

    /// <summary>Merges a repeated object into the map.</summary>
    public static IReadOnlyDictionary<string, string>? Merge(
        IReadOnlyDictionary<string, string>? before, IReadOnlyDictionary<string, string>? next)
    {
        if (next is null || before is not Dictionary<string, string> entries)
        {
            return next;
        }

        foreach (var (key, text) in next)
        {
            entries[key] = text;
        }

        return entries;
    }

    // Most maps are ports under these names, so maps that differ share them at least.
    private static string ReadKey(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("http"u8) ? "http"
        : reader.ValueTextEquals("https"u8) ? "https"
        : reader.GetString()!;
}
