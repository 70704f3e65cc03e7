using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

/// <summary>Reads optional fields. A value of another type counts as absent.</summary>
/// <remarks>Does not throw, because exceptions are expensive and an entry can repeat such a field thousands of times.</remarks>
internal static class OptionalConverter
{
    public sealed class Text : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (LenientStringConverter.IsText(reader.TokenType))
            {
                return LenientStringConverter.ReadText(ref reader);
            }

            reader.Skip();
            return null;
        }

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value);
    }

    public sealed class Map : JsonConverter<IReadOnlyDictionary<string, string>>
    {
        private static readonly MapConverter Required = new();

        public override IReadOnlyDictionary<string, string>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                return MapConverter.ReadEntries(ref reader);
            }

            reader.Skip();
            return null;
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> value, JsonSerializerOptions options) =>
            Required.Write(writer, value, options);
    }

    public sealed class Number : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType == JsonTokenType.Number)
            {
                return reader.GetDouble();
            }

            reader.Skip();
            return double.NaN;
        }

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(value);
    }
}
