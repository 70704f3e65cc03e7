using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace EtcdDiscovery.Primitives;

/// <summary>Finds malformed configuration values, and removes them before the configuration is bound.</summary>
/// <remarks>
/// The binder throws at the first value that it cannot convert, which hides every other problem. Validation reports the values that are
/// found here, together with all other problems. Settings of type string need no conversion, so the values found here are never passwords.
/// </remarks>
internal static class MalformedSettings
{
    /// <summary>
    /// Finds the malformed values of a section that is bound to <typeparamref name="T"/>. Does not search its subsections.
    /// </summary>
    public static IReadOnlyList<MalformedSetting> Find<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(
        IConfigurationSection section)
    {
        var found = new List<MalformedSetting>();
        foreach (var property in typeof(T).GetProperties())
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            // If the value is empty, the binder keeps the default.
            if (section[property.Name] is { Length: > 0 } text && DescribeAllowed(type, text) is { } allowed)
            {
                found.Add(new($"{section.Path}:{property.Name}", LogSanitizer.Sanitize(text), allowed));
            }
        }

        return found;
    }

    /// <summary>Copies the section without the malformed values.</summary>
    public static IConfiguration Without(IConfigurationSection section, IReadOnlyList<MalformedSetting> malformed)
    {
        if (malformed.Count == 0)
        {
            return section;
        }

        var settings = malformed.Select(value => value.Setting).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new ConfigurationBuilder()
            .AddInMemoryCollection(section.AsEnumerable().Where(entry => entry.Value is not null && !settings.Contains(entry.Key)))
            .Build()
            .GetSection(section.Path);
    }

    /// <summary>Describes what the type allows; null if the binder can convert the text.</summary>
    private static string? DescribeAllowed(Type type, string text)
    {
        if (type == typeof(TimeSpan))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out _) ? null : $"a time is allowed {SettingsProblems.HowToWriteTimes}";
        }

        if (type == typeof(bool))
        {
            return bool.TryParse(text, out _) ? null : "true or false is allowed";
        }

        if (type == typeof(int))
        {
            return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out _) ? null : "a whole number is allowed";
        }

        if (type == typeof(double))
        {
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? null : "a number is allowed";
        }

        return !type.IsEnum || Enum.TryParse(type, text, ignoreCase: true, out _)
            ? null
            : $"{string.Join(", ", Enum.GetNames(type))} are allowed";
    }
}
