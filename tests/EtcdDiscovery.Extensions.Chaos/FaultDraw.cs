namespace EtcdDiscovery.Chaos;

/// <summary>Draws all kinds of faults equally often, in an order that the seed determines.</summary>
internal sealed class FaultDraw(FaultKind[] kinds, int seed)
{
    private readonly Random _random = new(seed);
    private readonly Queue<FaultKind> _bag = new();

    public FaultKind Kind()
    {
        if (_bag.Count == 0)
        {
            var shuffled = kinds.ToArray();
            _random.Shuffle(shuffled);
            Array.ForEach(shuffled, _bag.Enqueue);
        }

        return _bag.Dequeue();
    }

    public int Next(int below) => _random.Next(below);

    public TimeSpan Seconds(double from, double to) => TimeSpan.FromSeconds(from + _random.NextDouble() * (to - from));
}
