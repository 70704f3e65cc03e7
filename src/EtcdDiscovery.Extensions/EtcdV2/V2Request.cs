using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>A request, with parameters and form fields in the same order as in the Go client's requests.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="PathAndQuery">The path and query, percent-encoded.</param>
/// <param name="Form">The form fields, if any.</param>
internal sealed record V2Request(HttpMethod Method, string PathAndQuery, IReadOnlyList<KeyValuePair<string, string>>? Form = null)
{
    /// <summary>Asks a member whether it has a leader. The member answers from memory.</summary>
    public static V2Request Leader { get; } = new(HttpMethod.Get, "/v2/members/leader");

    /// <summary>Asks a member whether authentication is enabled. No permission is required.</summary>
    public static V2Request Authentication { get; } = new(HttpMethod.Get, "/v2/auth/enable");

    // A quorum read, because a member that lags behind could return a state from before the start of the watch.
    public static V2Request Read(StoreRange range) => new(
        HttpMethod.Get, $"{V2Path.Of(range)}?quorum=true&recursive=false&sorted=false");

    public static V2Request Wait(StoreRange range, long index) => new(
        HttpMethod.Get,
        $"{V2Path.Of(range)}?recursive={(range.IsPrefix ? "true" : "false")}&wait=true&waitIndex={Text(index)}");

    /// <summary>Puts an entry.</summary>
    /// <param name="put">The entry, with its condition.</param>
    /// <param name="value">The entry's value as text.</param>
    /// <param name="timeToLive">The time to live of the entry, if it is not durable.</param>
    public static V2Request Put(StorePut put, string value, TimeSpan timeToLive)
    {
        var condition = put.ExpectedRevision switch
        {
            null => "",
            0 => "?prevExist=false",
            { } revision => "?prevIndex=" + Text(revision),
        };
        List<KeyValuePair<string, string>> form = put.IsDurable ? [] : [new("ttl", Seconds(timeToLive))];
        form.Add(new("value", value));
        return new(HttpMethod.Put, V2Path.OfKey(put.Key) + condition, form);
    }

    /// <summary>Renews a key's time to live without notifying watchers. The value does not change.</summary>
    public static V2Request Refresh(string key, TimeSpan timeToLive) => new(
        HttpMethod.Put,
        V2Path.OfKey(key) + "?prevExist=true",
        [new("refresh", "true"), new("ttl", Seconds(timeToLive))]);

    public static V2Request Delete(string key) => new(HttpMethod.Delete, V2Path.OfKey(key));

    /// <summary>The permission that the request needs, for a message.</summary>
    public string DescribeAccess()
    {
        var path = Uri.UnescapeDataString(PathAndQuery.Split('?')[0]);
        path = path.StartsWith(V2Path.Root, StringComparison.Ordinal) ? path[V2Path.Root.Length..] : path;
        return Method == HttpMethod.Get
            ? $"read {LogSanitizer.Sanitize(path)} and what is below it"
            : $"write {LogSanitizer.Sanitize(path[..(path.LastIndexOf('/') + 1)])}*";
    }

    private static string Seconds(TimeSpan time) => Text((long)time.TotalSeconds);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
