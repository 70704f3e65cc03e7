using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Primitives;

/// <summary>A value that changes, and that many can follow.</summary>
/// <remarks>Who follows slowly misses values in between, never the last one. Set by one thread at a time.</remarks>
internal sealed class ObservableValue<T>(T initial)
{
    private volatile Version _version = new(initial);

    public T Value => _version.Value;

    public void Set(T value)
    {
        if (!EqualityComparer<T>.Default.Equals(Value, value))
        {
            var before = _version;
            _version = new Version(value);
            before.Superseded.TrySetResult();
        }
    }

    /// <summary>The value now, then each that follows.</summary>
    public async IAsyncEnumerable<T> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var version = _version;
            yield return version.Value;
            await version.Superseded.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed record Version(T Value)
    {
        public TaskCompletionSource Superseded { get; } = Promise.New();
    }
}
