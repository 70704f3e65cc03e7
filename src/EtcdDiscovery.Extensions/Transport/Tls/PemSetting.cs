using System.Buffers;
using System.Text;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>A setting that holds PEM text, that text in base64, or the path of a file with it.</summary>
internal sealed class PemSetting
{
    private const string PemMark = "-----BEGIN ";
    private const string StartOfPemInBase64 = "LS0t";
    private const int LongestPath = 4_096;

    // The shortest private key, as DER in base64, has 64 characters.
    private const int ShortestKey = 60;

    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ ");

    private readonly string? _text;
    private readonly string _path;

    private PemSetting(string name, string value)
    {
        Name = name;
        _text = value.Contains(PemMark, StringComparison.Ordinal) ? value : Decode(value);
        _path = value;
        // A value that looks like damaged PEM, or is too long for a path, may be a key, so it must never be printed.
        var isNoPath = value.StartsWith(StartOfPemInBase64, StringComparison.Ordinal)
            || value.Contains("-----", StringComparison.Ordinal)
            || value.AsSpan().ContainsAny('\r', '\n')
            || value.Length > LongestPath
            || LooksEncoded(value);
        Problem = _text is null && isNoPath ? $"{name} is neither PEM text, nor PEM text in base64, nor the path of a file." : null;
    }

    public string Name { get; }

    /// <summary>What is wrong with the value itself; null if the value is PEM text or a path.</summary>
    public string? Problem { get; }

    public bool IsFile => _text is null && Problem is null;

    /// <summary>The source of the text, for messages.</summary>
    public string Origin => IsFile ? $"file '{LogSanitizer.Sanitize(_path)}'" : Name;

    /// <summary>The setting, and its file if it has one, to begin a message.</summary>
    public string Subject => IsFile ? $"{Name}: {Origin}" : Name;

    public static PemSetting? Of(string name, string? value) =>
        string.IsNullOrWhiteSpace(value) ? null : new PemSetting(name, value.Trim());

    /// <summary>Reads the current PEM text.</summary>
    /// <exception cref="TlsException">The file cannot be read, or the value is not PEM.</exception>
    public string Read()
    {
        if (Problem is not null)
        {
            throw new TlsException(Problem);
        }

        try
        {
            return _text ?? File.ReadAllText(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new TlsException($"{Subject} cannot be read: {Describe(error)}.");
        }
    }

    private static string Describe(Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it does not exist",
        UnauthorizedAccessException => "access is denied",
        _ => LogSanitizer.Sanitize(error.Message.TrimEnd('.')),
    };

    // Detects DER, a key without its first and last lines, base64 that was encoded twice, and hexadecimal. A relative path that is this
    // long and has no dot is unlikely.
    private static bool LooksEncoded(string value) =>
        value.Length >= ShortestKey && value[0] != '/' && !value.AsSpan().ContainsAnyExcept(KeyCharacters);

    private static string? Decode(string value)
    {
        var bytes = new byte[value.Length];
        if (!Convert.TryFromBase64String(value, bytes, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes, 0, length);
        return text.Contains(PemMark, StringComparison.Ordinal) ? text : null;
    }
}
