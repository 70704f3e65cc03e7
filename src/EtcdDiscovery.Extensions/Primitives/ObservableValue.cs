using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Primitives;

/// <summary>A value whose changes can be watched by any number of readers.</summary>
/// <remarks>
/// A slow reader may miss intermediate values, but never the last one. Only one thread at a time may set the value; any may read it.
/// </remarks>
/// <param name="initial">The initial value.</param>
/// <param name="changed">Called with each later value, on the thread that sets it.</param>
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

    /// <summary>Enumerates the current value, then each change, until the last value.</summary>
    /// <exception cref="OperationCanceledException">The token is canceled.</exception>
    public async IAsyncEnumerable<T> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Version? last = null;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var version = _version;
            // If the value has changed and changed back, a slow reader must not get the same value twice.
            if (last is null || !EqualityComparer<T>.Default.Equals(last.Value, version.Value))
            {
                last = version;
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
