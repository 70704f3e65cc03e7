using System.Globalization;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>One request: parameters and form in the order in which the Go client writes them.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="PathAndQuery">Where to, percent-encoded.</param>
/// <param name="Form">The form's fields, if it has a form.</param>
internal sealed record V2Request(HttpMethod Method, string PathAndQuery, IReadOnlyList<KeyValuePair<string, string>>? Form = null)
{
    /// <summary>Asks a member, which answers from memory, whether it has a leader.</summary>
    public static V2Request Leader { get; } = new(HttpMethod.Get, "/v2/members/leader");

    // With a quorum: a member that lags behind would tell of a past that the watch does not begin in.
    public static V2Request Read(StoreRange range) => new(
        HttpMethod.Get, $"{V2Path.Of(range)}?quorum=true&recursive=false&sorted=false");

    public static V2Request Wait(StoreRange range, long index) => new(
        HttpMethod.Get,
        $"{V2Path.Of(range)}?recursive={(range.IsPrefix ? "true" : "false")}&wait=true&waitIndex={Text(index)}");

    /// <summary>Puts an entry.</summary>
    /// <param name="put">What to put, and under which condition.</param>
    /// <param name="value">Its value as text.</param>
    /// <param name="timeToLive">The entry's, if it is not durable.</param>
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

    /// <summary>Prolongs a key's life without waking those who watch it. Its value stays.</summary>
    public static V2Request Refresh(string key, TimeSpan timeToLive) => new(
        HttpMethod.Put,
        V2Path.OfKey(key) + "?prevExist=true",
        [new("refresh", "true"), new("ttl", Seconds(timeToLive))]);

    public static V2Request Delete(string key) => new(HttpMethod.Delete, V2Path.OfKey(key));

    private static string Seconds(TimeSpan time) => Text((long)time.TotalSeconds);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
