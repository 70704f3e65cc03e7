namespace EtcdDiscovery.Model;

/// <summary>Text from the store, made fit for logs and messages: one line, of bounded length.</summary>
internal static class Untrusted
{
    private const int MaxLength = 200;

    public static string Print(string text)
    {
        var shown = text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength), "…");
        return shown.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? string.Concat(shown.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? '\uFFFD' : c))
            : shown;
    }
}
