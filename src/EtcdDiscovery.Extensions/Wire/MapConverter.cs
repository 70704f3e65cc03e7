using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

/// <summary>A map as an object of strings. As in Go, the last of duplicate keys wins, and a repeated object adds to the one before.</summary>
internal sealed class MapConverter : JsonConverter<IReadOnlyDictionary<string, string>>
{
    /// <summary>The most entries that a map may have.</summary>
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

    /// <summary>Reads an object to its end without throwing: an entry could have thousands of them, and exceptions are expensive.</summary>
    /// <returns>
    /// The entries: when there are more than <see cref="MaxEntries"/>, only one more than that; null when one of these is no text.
    /// </returns>
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

            var key = reader.GetString()!;
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

    /// <summary>What a map is after another object was read for it.</summary>
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
}
