using System.Globalization;
using System.Text;

namespace EtcdDiscovery.Primitives;

/// <summary>Makes untrusted text safe for logs and messages: the result is one line of limited length.</summary>
internal static class LogSanitizer
{
    private const int MaxLength = 200;

    // A message may quote several names, or list the problems of all settings.
    private const int MaxMessageLength = 4_000;

    /// <summary>Sanitizes text that a message quotes, such as a name, a key or a server's text.</summary>
    public static string Sanitize(string text) => Sanitize(text, MaxLength);

    /// <summary>Sanitizes a whole message that may come from outside this library.</summary>
    public static string SanitizeMessage(string text) => Sanitize(text, MaxMessageLength);

    private static string Sanitize(string text, int maxLength)
    {
        if (text.Length <= maxLength && !text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        var isCut = text.Length > maxLength;
        var length = !isCut ? text.Length : char.IsHighSurrogate(text[maxLength - 1]) ? maxLength - 1 : maxLength;
        var shown = new StringBuilder(length + 1);
        // EnumerateRunes returns lone surrogates as replacement characters.
        foreach (var rune in text.AsSpan(0, length).EnumerateRunes())
        {
            shown.Append(IsShown(rune) ? rune : Rune.ReplacementChar);
        }

        return shown.Append(isCut ? "…" : "").ToString();
    }

    // Format characters are invisible, and some of them change the order in which other characters are displayed.
    private static bool IsShown(Rune rune) => Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
