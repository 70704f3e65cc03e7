using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

/// <summary>Reads a field that an entry is good without: what is of another kind counts as absent.</summary>
internal static class OptionalConverter
{
    public sealed class Text() : For<string>(
        new LenientStringConverter(), JsonTokenType.String, JsonTokenType.Number, JsonTokenType.Null);

    public sealed class Map() : For<ServiceMap>(new ServiceMapConverter(), JsonTokenType.StartObject);

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

    /// <param name="inner">Reads what is of the right kind.</param>
    /// <param name="kinds">What that begins with; anything else need not be tried, which would cost an exception.</param>
    public abstract class For<T>(JsonConverter<T> inner, params JsonTokenType[] kinds) : JsonConverter<T>
        where T : class
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var start = reader;
            if (kinds.Contains(reader.TokenType))
            {
                try
                {
                    return inner.Read(ref reader, typeToConvert, options);
                }
                catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
                {
                    reader = start;
                }
            }

            reader.Skip();
            return null;
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            inner.Write(writer, value, options);
    }
}
