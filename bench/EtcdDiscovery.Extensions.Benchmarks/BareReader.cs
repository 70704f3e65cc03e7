using System.Text.Json;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Etcdserverpb;
using Google.Protobuf;

namespace EtcdDiscovery.Benchmarks;

/// <summary>The minimum work for reading and watching instances: pages and JSON, a stream and its responses.</summary>
internal sealed class BareReader(EtcdClient client)
{
    private const int PageSize = 1_000;

    /// <summary>Reads all keys with a prefix page by page and parses their values.</summary>
    public async Task<List<InstanceDocument>> ReadAsync(string prefix)
    {
        var range = StoreRange.Prefix(prefix);
        var request = new RangeRequest
        {
            Key = ByteString.CopyFromUtf8(prefix),
            RangeEnd = EtcdConvert.EndOf(range),
            Limit = PageSize,
        };
        var instances = new List<InstanceDocument>();
        while (true)
        {
            var page = await client.CallAsync((etcd, options) => etcd.KV.RangeAsync(request, options), CancellationToken.None);
            instances.AddRange(page.Kvs.Select(pair => Parse(pair.Value)));
            if (!page.More)
            {
                return instances;
            }

            request.Revision = page.Header.Revision;
            request.Key = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
        }
    }

    /// <summary>Opens a stream with one watch on it.</summary>
    public async Task<EtcdStream<WatchRequest, WatchResponse>> WatchAsync(string prefix)
    {
        var stream = client.Open((etcd, options) => etcd.Watch.Watch(options));
        stream.Write(new WatchRequest
        {
            CreateRequest = new WatchCreateRequest
            {
                Key = ByteString.CopyFromUtf8(prefix),
                RangeEnd = EtcdConvert.EndOf(StoreRange.Prefix(prefix)),
            },
        });
        await stream.ReadAsync(CancellationToken.None);
        return stream;
    }

    public static InstanceDocument Parse(ByteString value) =>
        JsonSerializer.Deserialize(value.Span, WireJsonContext.Go.InstanceDocument)!;
}
