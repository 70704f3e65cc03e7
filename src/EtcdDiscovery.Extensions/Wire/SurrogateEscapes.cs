using System.Buffers.Text;

namespace EtcdDiscovery.Wire;

/// <summary>
/// Repairs escapes of surrogates in JSON, such as <c>\ud83d\ude00</c>. .NET's reader rejects a lone surrogate; Go reads it as U+FFFD.
/// </summary>
internal static class SurrogateEscapes
{
    private const int Length = 6; // \u and four hexadecimal digits

    /// <summary>Replaces lone surrogates with the escape of U+FFFD.</summary>
    public static byte[] Repair(ReadOnlySpan<byte> json)
    {
        var repaired = json.ToArray();
        for (var at = 0; json[at..].IndexOf((byte)'\\') is >= 0 and var distance;)
        {
            at += distance;
            var isHigh = CodeAt(json, at) is >= 0xD800 and < 0xDC00;
            var isLow = CodeAt(json, at) is >= 0xDC00 and < 0xE000;
            if (isHigh && CodeAt(json, at + Length) is >= 0xDC00 and < 0xE000)
            {
                at += 2 * Length;
            }
            else if (isHigh || isLow)
            {
                @"\ufffd"u8.CopyTo(repaired.AsSpan(at));
                at += Length;
            }
            else
            {
                // Skips the escaped character as well, because it may be a backslash. At the end of the text, there may be none.
                at = Math.Min(at + 2, json.Length);
            }
        }

        return repaired;
    }

    /// <returns>The code unit whose escape starts at a position; -1 if no escape starts there.</returns>
    private static int CodeAt(ReadOnlySpan<byte> json, int at) =>
        at + Length <= json.Length
        && json[at..].StartsWith(@"\u"u8)
        && Utf8Parser.TryParse(json.Slice(at + 2, Length - 2), out ushort code, out var consumed, 'x')
        && consumed == Length - 2
            ? code
            : -1;
}
