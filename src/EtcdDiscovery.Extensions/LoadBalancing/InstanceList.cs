using System.Collections;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>Instances in the order of the UTF-8 bytes of their ids, which is the order of their keys. Immutable.</summary>
/// <remarks>Stored in chunks. A changed list shares the chunks that did not change, so the cost of a change hardly grows with the list.</remarks>
internal sealed class InstanceList : IReadOnlyList<ServiceInstance>
{
    // A change copies one chunk and the array of chunks. This length keeps both small for up to tens of thousands of instances.
    private const int MaxChunkLength = 256;

    // Leaves room for additions.
    private const int NewChunkLength = MaxChunkLength / 2;

    // At least one chunk. None is empty, except the one of an empty list.
    private readonly ServiceInstance[][] _chunks;

    // The index of the first instance of each chunk.
    private readonly int[] _starts;

    private ServiceInstance[]? _joined;

    private InstanceList(ServiceInstance[][] chunks, int[] starts)
    {
        _chunks = chunks;
        _starts = starts;
        Count = starts[^1] + chunks[^1].Length;
    }

    public static InstanceList Empty { get; } = Of(Array.Empty<ServiceInstance>());

    public int Count { get; }

    public ServiceInstance this[int index]
    {
        get
        {
            // Mostly the right chunk, because most chunks keep the length of new ones.
            var chunk = Math.Min(index / NewChunkLength, _chunks.Length - 1);
            var (instances, offset) = (_chunks[chunk], index - _starts[chunk]);
            return (uint)offset < (uint)instances.Length ? instances[offset] : FindFrom(chunk, index);
        }
    }

    /// <summary>Creates a list.</summary>
    /// <param name="instances">The instances in order. Do not modify the array afterwards.</param>
    public static InstanceList Of(ServiceInstance[] instances) => instances.Length <= MaxChunkLength
        ? new([instances], [0])
        : OfChunks([.. instances.Chunk(NewChunkLength)]);

    /// <summary>Replaces, adds and removes instances.</summary>
    /// <param name="changes">The changes in the order of the ids. Null removes the instance with the id, if there is one.</param>
    public InstanceList With(IReadOnlyList<(string Id, ServiceInstance? Instance)> changes)
    {
        var chunks = (ServiceInstance[][])_chunks.Clone();
        var (sameLengths, mustSplitAgain) = (true, false);
        for (var next = 0; next < changes.Count;)
        {
            var (index, first) = (ChunkOf(changes[next].Id), next);
            do
            {
                next++;
            }
            while (next < changes.Count && ChunkOf(changes[next].Id) == index);

            chunks[index] = Apply(_chunks[index], changes, first, next);
            sameLengths &= chunks[index].Length == _chunks[index].Length;
            mustSplitAgain |= chunks[index].Length is 0 or > MaxChunkLength;
        }

        return mustSplitAgain ? Of(Join(chunks))
            : sameLengths ? new(chunks, _starts)
            : OfChunks(chunks);
    }

    /// <summary>Finds the index of an id by binary search.</summary>
    /// <returns>The index of the id; if it is absent, the bitwise complement of the index where it would be.</returns>
    public int IndexOf(string id)
    {
        var chunk = ChunkOf(id);
        var index = IndexIn(_chunks[chunk], id);
        return index >= 0 ? _starts[chunk] + index : ~(_starts[chunk] + ~index);
    }

    /// <summary>Finds the instance with an id; null if there is none.</summary>
    public ServiceInstance? Find(string id)
    {
        var chunk = _chunks[ChunkOf(id)];
        return IndexIn(chunk, id) is >= 0 and var index ? chunk[index] : null;
    }

    /// <summary>Gets the instances as one array, which is created by the first call.</summary>
    public ImmutableArray<ServiceInstance> ToImmutableArray() => ImmutableCollectionsMarshal.AsImmutableArray(_joined ??= Join(_chunks));

    public IEnumerator<ServiceInstance> GetEnumerator() => _chunks.SelectMany(static chunk => chunk).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static InstanceList OfChunks(ServiceInstance[][] chunks)
    {
        var starts = new int[chunks.Length];
        for (var i = 1; i < starts.Length; i++)
        {
            starts[i] = starts[i - 1] + chunks[i - 1].Length;
        }

        return new(chunks, starts);
    }

    private static ServiceInstance[] Join(ServiceInstance[][] chunks) => chunks is [var only] ? only : [.. chunks.SelectMany(static chunk => chunk)];

    private static ServiceInstance[] Apply(
        ServiceInstance[] chunk, IReadOnlyList<(string Id, ServiceInstance? Instance)> changes, int first, int end)
    {
        var length = chunk.Length;
        for (var i = first; i < end; i++)
        {
            length += (changes[i].Instance is null ? 0 : 1) - (IndexIn(chunk, changes[i].Id) < 0 ? 0 : 1);
        }

        var result = new ServiceInstance[length];
        int read = 0, written = 0;
        for (var i = first; i < end; i++)
        {
            var (id, instance) = changes[i];
            var index = IndexIn(chunk.AsSpan(read), id);
            var kept = index < 0 ? ~index : index;
            chunk.AsSpan(read, kept).CopyTo(result.AsSpan(written));
            read += index < 0 ? kept : kept + 1;
            written += kept;
            if (instance is not null)
            {
                result[written++] = instance;
            }
        }

        chunk.AsSpan(read).CopyTo(result.AsSpan(written));
        return result;
    }

    private static int IndexIn(ReadOnlySpan<ServiceInstance> chunk, string id)
    {
        int low = 0, high = chunk.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Utf8Order.Instance.Compare(chunk[middle].Id, id);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    /// <summary>The chunk that contains an id, or would.</summary>
    private int ChunkOf(string id)
    {
        int low = 1, high = _chunks.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = Utf8Order.Instance.Compare(_chunks[middle][0].Id, id) <= 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return low - 1;
    }

    // Starts at the chunk that is right if all have their first length, because a binary search would be the longest part of a pick.
    private ServiceInstance FindFrom(int chunk, int index)
    {
        while (_starts[chunk] > index)
        {
            chunk--;
        }

        while (chunk < _chunks.Length - 1 && _starts[chunk + 1] <= index)
        {
            chunk++;
        }

        return _chunks[chunk][index - _starts[chunk]];
    }
}
