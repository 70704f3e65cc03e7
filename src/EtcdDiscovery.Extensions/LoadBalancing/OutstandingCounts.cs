namespace EtcdDiscovery.LoadBalancing;

/// <summary>How many calls to each instance of a service are outstanding, side by side: pickers compare many of them.</summary>
/// <remarks>Places are handed out under the service's lock; the counts are read and written without.</remarks>
internal sealed class OutstandingCounts
{
    private const int PartBits = 8;
    private const int PartLength = 1 << PartBits;

    // Parts are added and never moved, since their counts change at any time.
    private volatile int[][] _parts = [];
    private readonly Stack<int> _free = new();
    private int _places;

    public int TakePlace()
    {
        if (_free.TryPop(out var place))
        {
            return place;
        }

        if (_places == _parts.Length * PartLength)
        {
            _parts = [.. _parts, new int[PartLength]];
        }

        return _places++;
    }

    public void GiveBack(int place) => _free.Push(place);

    public ref int this[int place] => ref _parts[place >> PartBits][place & (PartLength - 1)];
}
