namespace EtcdDiscovery.Primitives;

/// <summary>Orders strings by their UTF-8 bytes, as etcd and Go do. The order of UTF-16 code units is different.</summary>
internal sealed class Utf8Order : IComparer<string>
{
    public static Utf8Order Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
        {
            return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        }

        var common = x.AsSpan().CommonPrefixLength(y);
        return common == x.Length || common == y.Length
            ? x.Length - y.Length
            : Rank(x[common]) - Rank(y[common]);
    }

    // Surrogates encode code points above U+FFFF, so they rank above all other characters.
    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
