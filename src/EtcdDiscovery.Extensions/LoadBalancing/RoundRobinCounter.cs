using System.Runtime.CompilerServices;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>Counts turns upwards from a random start.</summary>
/// <remarks>
/// One shared count keeps the order exact, but concurrent threads contend for its cache line. So after the first contention, each thread
/// uses its own count.
/// </remarks>
internal sealed class RoundRobinCounter
{
    // A power of two. Threads with the same id modulo this number share a count, which costs time but not fairness.
    private const int Counts = 16;

    // Each count has its own 128 bytes, which processors may fetch together. The first block is unused, because it contains the array's
    // length.
    private const int Distance = 128 / sizeof(uint);

    private uint _turn = RandomTurn();
    private volatile uint[]? _turns;

    // A random start keeps processes and threads from calling the same instance at the same time.
    private static uint RandomTurn() => (uint)Random.Shared.NextInt64(1L << 32);

    public uint Next()
    {
        if (_turns is not { } turns)
        {
            var turn = Volatile.Read(ref _turn);
            if (Interlocked.CompareExchange(ref _turn, turn + 1, turn) == turn)
            {
                return turn + 1;
            }

            turns = Split();
        }

        return Interlocked.Increment(ref turns[(1 + (Environment.CurrentManagedThreadId & (Counts - 1))) * Distance]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint[] Split()
    {
        var turns = new uint[(Counts + 2) * Distance];
        for (var i = Distance; i <= Counts * Distance; i += Distance)
        {
            turns[i] = RandomTurn();
        }

        Interlocked.CompareExchange(ref _turns, turns, null);
        return _turns;
    }
}
