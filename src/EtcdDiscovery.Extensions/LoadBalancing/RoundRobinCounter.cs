using System.Runtime.CompilerServices;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>Counts whose turn it is: 1, 2, 3 … from a random start.</summary>
/// <remarks>
/// One shared count keeps the order exact, but threads that count at the same time would contend for its cache line. So once
/// two threads have met here, each counts for itself.
/// </remarks>
internal sealed class RoundRobinCounter
{
    // A power of two. Threads with the same number modulo this share a count, which costs time but no fairness.
    private const int Counts = 16;

    // Each count has its own 128 bytes, which is what processors fetch at once; the array's length is another neighbour.
    private const int Distance = 128 / sizeof(uint);

    private uint _turn = RandomTurn();
    private volatile uint[]? _turns;

    // Processes, and threads, that all began with the same one would keep on calling it together.
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
