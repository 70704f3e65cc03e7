using System.Globalization;

namespace EtcdDiscovery.Primitives;

/// <summary>Text from the store, made fit for logs and messages: one line, of bounded length.</summary>
internal static class LogSanitizer
{
    private const int MaxLength = 200;

    public static string Sanitize(string text)
    {
        var shown = text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength), "…");
        return shown.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? string.Concat(shown.Select(c => IsShown(c) ? c : '\uFFFD'))
            : shown;
    }

    // Marks of format are not seen either, but change the order in which others are.
    private static bool IsShown(char c) => CharUnicodeInfo.GetUnicodeCategory(c)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
