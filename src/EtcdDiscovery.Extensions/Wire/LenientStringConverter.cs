using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

/// <summary>Accepts a number in place of a string, because hand-written entries may contain <c>"http": 80</c>. Go rejects them.</summary>
internal sealed class LenientStringConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ReadText(ref reader);

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value);

    public static bool IsText(JsonTokenType type) => type is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.Null;

    public static string? ReadText(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => Encoding.ASCII.GetString(reader.ValueSpan),
        JsonTokenType.Null => null,
        _ => throw new JsonException("A string was expected."),
    };
}
