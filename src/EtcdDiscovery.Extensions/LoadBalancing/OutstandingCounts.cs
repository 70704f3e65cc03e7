namespace EtcdDiscovery.LoadBalancing;

/// <summary>
/// The numbers of outstanding calls to the instances of a service, stored contiguously because pickers compare many of them.
/// </summary>
/// <remarks>Slots are assigned under the balancer's lock; the counts are read and written without it.</remarks>
internal sealed class OutstandingCounts
{
    private const int PartBits = 8;
    private const int PartLength = 1 << PartBits;

    // Parts are added and never copied, because other threads change their counts at any time.
    private volatile int[][] _parts = [];
    private readonly Stack<int> _free = new();
    private int _slots;

    public int TakeSlot()
    {
        if (_free.TryPop(out var slot))
        {
            return slot;
        }

        if (_slots == _parts.Length * PartLength)
        {
            _parts = [.. _parts, new int[PartLength]];
        }

        return _slots++;
    }

    public void GiveBack(int slot) => _free.Push(slot);

    public ref int this[int slot] => ref _parts[slot >> PartBits][slot & (PartLength - 1)];
}
