using System.Globalization;
using System.Text.Encodings.Web;

namespace EtcdDiscovery.Wire;

/// <summary>Escapes exactly the characters that Go's <c>encoding/json</c> escapes in strings.</summary>
/// <remarks>
/// Go escapes U+FFFD only where it replaces invalid UTF-8. Nearly every U+FFFD in a .NET string has that origin, so this encoder always
/// escapes it. JSON readers treat both forms alike.
/// </remarks>
internal sealed unsafe class GoJsonEncoder : JavaScriptEncoder
{
    private const int Replacement = 0xFFFD;

    public static GoJsonEncoder Instance { get; } = new();

    public override int MaxOutputCharactersPerInputCharacter => @"\u0000".Length;

    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar is < 0x20 or '"' or '\\' or '<' or '>' or '&' or 0x2028 or 0x2029 or Replacement;

    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        for (var i = 0; i < textLength; i++)
        {
            if (WillEncode(text[i]))
            {
                return i;
            }

            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            var isPair = char.IsHighSurrogate(text[i]) && i + 1 < textLength && char.IsLowSurrogate(text[i + 1]);
            if (!isPair)
            {
                return i;
            }

            i++;
        }

        return -1;
    }

    public override bool TryEncodeUnicodeScalar(
        int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var destination = new Span<char>(buffer, bufferLength);
        return ShortForm(unicodeScalar) is { } shortForm
            ? destination.TryWrite($"\\{shortForm}", out numberOfCharactersWritten)
            : destination.TryWrite(
                CultureInfo.InvariantCulture, $"\\u{unicodeScalar:x4}", out numberOfCharactersWritten);
    }

    private static char? ShortForm(int unicodeScalar) => unicodeScalar switch
    {
        '"' or '\\' => (char)unicodeScalar,
        '\b' => 'b',
        '\f' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        _ => null,
    };
}
