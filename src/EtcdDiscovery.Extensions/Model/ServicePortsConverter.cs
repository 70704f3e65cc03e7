using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Model;

/// <summary>Ports as an object of strings, in the order of the schemes' UTF-8 bytes; the last of duplicates wins.</summary>
internal sealed class ServicePortsConverter : JsonConverter<ServicePorts>
{
    public override ServicePorts Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("An object of ports was expected.");
        }

        var ports = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var scheme = reader.GetString()!;
            reader.Read();
            ports[scheme] = LenientStringConverter.ReadText(ref reader) ?? "";
        }

        return ports.Count == 0 ? ServicePorts.Empty : new ServicePorts(ports);
    }

    public override void Write(Utf8JsonWriter writer, ServicePorts value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (scheme, port) in value)
        {
            writer.WriteString(scheme, port);
        }

        writer.WriteEndObject();
    }
}
