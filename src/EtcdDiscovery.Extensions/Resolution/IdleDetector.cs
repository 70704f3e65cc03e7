namespace EtcdDiscovery.Resolution;

/// <summary>Measures how long a service has not been used.</summary>
/// <remarks>On the hot path, a use writes only if the flag is not set yet, and never reads the clock.</remarks>
internal sealed class IdleDetector
{
    private int _waiting;
    private int _idlePeriods;
    private volatile bool _isUsed = true;

    /// <summary>Whether a task that counts as a use is running.</summary>
    public bool IsAwaited => Volatile.Read(ref _waiting) > 0;

    public void Use()
    {
        if (!_isUsed)
        {
            _isUsed = true;
        }
    }

    /// <summary>Counts as a use until the task completes.</summary>
    public async Task<T> UseWhileAsync<T>(Task<T> task)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            return await task.ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Ends a period of time. Called by only one thread.</summary>
    /// <param name="isNeeded">Whether the service is needed for another reason.</param>
    /// <returns>The number of consecutive periods without a use.</returns>
    public int CountPeriod(bool isNeeded)
    {
        _idlePeriods = _isUsed || IsAwaited || isNeeded ? 0 : _idlePeriods + 1;
        _isUsed = false;
        return _idlePeriods;
    }
}
