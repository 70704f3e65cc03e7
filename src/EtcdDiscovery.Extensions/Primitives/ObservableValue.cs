using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Primitives;

/// <summary>A value that changes, and that many can follow.</summary>
/// <remarks>A slow reader misses values in between, never the last one. Set by one thread at a time, read by any.</remarks>
/// <param name="initial">The first value.</param>
/// <param name="changed">Called with each other one, by the thread that sets it.</param>
internal sealed class ObservableValue<T>(T initial, Action<T>? changed = null)
{
    private volatile Version _version = new(initial);
    private volatile bool _isComplete;

    public T Value => _version.Value;

    public void Set(T value)
    {
        if (!EqualityComparer<T>.Default.Equals(Value, value))
        {
            var before = _version;
            _version = new Version(value);
            before.Superseded.TrySetResult();
            changed?.Invoke(value);
        }
    }

    /// <summary>Ends all enumerations after the current value, which is the last one.</summary>
    public void Complete()
    {
        _isComplete = true;
        _version.Superseded.TrySetResult();
    }

    /// <summary>The value now, then each other one that follows, until the last one.</summary>
    /// <exception cref="OperationCanceledException">The token is canceled.</exception>
    public async IAsyncEnumerable<T> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Version? told = null;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var version = _version;
            // A slow reader may find the value that it has read already: it has changed twice since.
            if (told is null || !EqualityComparer<T>.Default.Equals(told.Value, version.Value))
            {
                told = version;
                yield return version.Value;
            }

            if (_isComplete && version == _version)
            {
                yield break;
            }

            await version.Superseded.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class Version(T value)
    {
        public T Value => value;

        public TaskCompletionSource Superseded { get; } = Promise.New();
    }
}
