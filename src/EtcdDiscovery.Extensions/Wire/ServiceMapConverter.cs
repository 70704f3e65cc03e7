using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

/// <summary>A map as an object of strings, in the order of the keys' UTF-8 bytes; the last of duplicates wins.</summary>
internal sealed class ServiceMapConverter : JsonConverter<ServiceMap>
{
    public override ServiceMap Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("An object of strings was expected.");
        }

        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            entries[key] = LenientStringConverter.ReadText(ref reader) ?? "";
        }

        return entries.Count == 0 ? ServiceMap.Empty : new ServiceMap(entries);
    }

    public override void Write(Utf8JsonWriter writer, ServiceMap value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (key, text) in value)
        {
            writer.WriteString(key, text);
        }

        writer.WriteEndObject();
    }
}
