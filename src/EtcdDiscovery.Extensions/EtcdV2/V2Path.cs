using System.Buffers;
using System.Globalization;
using System.Text;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>Converts keys to URL paths, percent-encoded exactly as by the Go client.</summary>
internal static class V2Path
{
    /// <summary>The path that all keys are below.</summary>
    public const string Root = "/v2/keys";

    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@"u8);

    public static string OfKey(string key)
    {
        var path = new StringBuilder(Root, Root.Length + key.Length);
        foreach (var character in Encoding.UTF8.GetBytes(key))
        {
            _ = Plain.Contains(character)
                ? path.Append((char)character)
                : path.Append(CultureInfo.InvariantCulture, $"%{character:X2}");
        }

        return path.ToString();
    }

    /// <summary>The path to read for a range: its directory, or the key itself.</summary>
    public static string Of(StoreRange range) => OfKey(range.IsPrefix ? range.Key[..range.Key.LastIndexOf('/')] : range.Key);
}
