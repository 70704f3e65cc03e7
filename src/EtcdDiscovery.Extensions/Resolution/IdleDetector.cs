namespace EtcdDiscovery.Resolution;

/// <summary>Tells for how long nothing has needed a service.</summary>
/// <remarks>Uses at the same time share nothing that they write, and none of them reads the clock.</remarks>
internal sealed class IdleDetector
{
    private int _waiting;
    private int _idlePeriods;
    private volatile bool _isUsed = true;

    /// <summary>Whether a task is under way that counts as a use.</summary>
    public bool IsAwaited => Volatile.Read(ref _waiting) > 0;

    public void Use()
    {
        if (!_isUsed)
        {
            _isUsed = true;
        }
    }

    /// <summary>Counts as a use for as long as the task takes.</summary>
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

    /// <summary>Counts a period of time; called by one thread.</summary>
    /// <param name="isNeeded">Whether something else needs the service.</param>
    /// <returns>For how many periods in a row nothing has needed the service.</returns>
    public int CountPeriod(bool isNeeded)
    {
        _idlePeriods = _isUsed || IsAwaited || isNeeded ? 0 : _idlePeriods + 1;
        _isUsed = false;
        return _idlePeriods;
    }
}
