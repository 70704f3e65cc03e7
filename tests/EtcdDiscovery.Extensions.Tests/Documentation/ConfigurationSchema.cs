using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>Generates the schema by which editors complete appsettings.json, from options, their defaults and their XML documentation.</summary>
internal static partial class ConfigurationSchema
{
    // A number alone means days: except for 0, hardly ever what is intended.
    private const string Time = @"^0$|^(\d+\.)?\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,7})?)?$";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of a package's ConfigurationSchema.json.</summary>
    /// <param name="section">The schema of the section <c>EtcdDiscovery</c>.</param>
    /// <param name="logCategories">The categories to offer as log levels. Editors merge the schema into their own, which has the levels.</param>
    public static string Of(JsonObject section, IEnumerable<string> logCategories)
    {
        var levels = logCategories.Select(category => Property(category, new() { ["$ref"] = "#/definitions/logLevelThreshold" }));
        var schema = new JsonObject
        {
            ["definitions"] = new JsonObject { ["logLevel"] = new JsonObject { ["properties"] = new JsonObject(levels) } },
            ["type"] = "object",
            ["properties"] = new JsonObject { [EtcdDiscoveryOptions.SectionName] = section },
        };
        return schema.ToJsonString(Format).ReplaceLineEndings("\n") + "\n";
    }

    /// <summary>The schema of a section that may also have other settings.</summary>
    public static JsonObject Open(params IEnumerable<KeyValuePair<string, JsonNode?>> properties) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(properties),
    };

    /// <summary>The schema of a section that has the settings of an options class and no others.</summary>
    public static JsonObject Closed(object options)
    {
        var schema = Open(PropertiesOf(options));
        schema["additionalProperties"] = false;
        return schema;
    }

    public static KeyValuePair<string, JsonNode?> Property(string name, JsonObject schema) => new(name, schema);

    /// <summary>The schemas of the settings of an options class.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> PropertiesOf(object options)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = property.GetValue(options);
            var schema = SchemaOf(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, value);
            schema["description"] = Describe(property);
            if (DefaultOf(value) is { } byDefault)
            {
                schema["default"] = byDefault;
            }

            yield return Property(property.Name, schema);
        }
    }

    private static JsonObject SchemaOf(Type type, object? value) => type switch
    {
        _ when type == typeof(bool) => new() { ["type"] = "boolean" },
        _ when type == typeof(int) => new() { ["type"] = "integer" },
        _ when type == typeof(double) => new() { ["type"] = "number" },
        _ when type == typeof(string) => new() { ["type"] = "string" },
        _ when type == typeof(TimeSpan) => new() { ["type"] = "string", ["pattern"] = Time },
        // Validation accepts only these two as the status at registration.
        _ when type == typeof(ServiceStatus) => new() { ["enum"] = new JsonArray(nameof(ServiceStatus.Serving), nameof(ServiceStatus.Maintenance)) },
        { IsEnum: true } => new() { ["enum"] = new JsonArray([.. Enum.GetNames(type)]) },
        // Lists can also be written as text, separated by commas.
        _ when type == typeof(IList<string>) => new()
        {
            ["type"] = new JsonArray("array", "string"),
            ["items"] = new JsonObject { ["type"] = "string" },
        },
        // Configuration reads numbers, such as ports, as text.
        _ when type == typeof(IDictionary<string, string>) => new()
        {
            ["type"] = "object",
            ["additionalProperties"] = new JsonObject { ["type"] = new JsonArray("string", "integer") },
        },
        _ => Closed(value!),
    };

    private static JsonNode? DefaultOf(object? value) => value switch
    {
        bool flag => flag,
        int number => number,
        double number => number,
        string text => text,
        TimeSpan or Enum => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        IEnumerable<string> list => new JsonArray([.. list]),
        _ => null,
    };

    private static string Describe(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        var member = XDocument.Load(Path.ChangeExtension(type.Assembly.Location, ".xml"))
            .Descendants("member")
            .Single(member => (string?)member.Attribute("name") == $"P:{type.FullName}.{property.Name}");
        var texts = new[] { member.Element("summary"), member.Element("value") }.OfType<XElement>().Select(element => TextOf(element, type));
        return Whitespace().Replace(string.Join(' ', texts), " ").Trim();
    }

    private static string TextOf(XElement element, Type type) => string.Concat(element.Nodes().Select(node => node switch
    {
        XElement reference when (string?)reference.Attribute("cref") is { } name => NameOf(name, type),
        XElement reference when (string?)reference.Attribute("langword") is { } word => word,
        XElement child => TextOf(child, type),
        _ => node.ToString(),
    }));

    // "P:EtcdDiscovery.EtcdOptions.User" is EtcdOptions.User, and in EtcdOptions only User. Fields are the values of enumerations.
    private static string NameOf(string reference, Type type)
    {
        var parts = reference.Split('(')[0].Split(':', '.');
        return reference[0] is 'T' or 'F' || parts[^2] == type.Name ? parts[^1] : $"{parts[^2]}.{parts[^1]}";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
