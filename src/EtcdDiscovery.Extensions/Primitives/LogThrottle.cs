using System.Globalization;

namespace EtcdDiscovery.Primitives;

/// <summary>Limits how often an event is logged. For events that other processes can cause at any rate.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class LogThrottle(TimeProvider timeProvider)
{
    /// <summary>How many events are logged within <see cref="Window"/>.</summary>
    public const int MaxLogged = 5;

    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _sync = new();
    private long _windowStart;
    private int _logged;
    private int _leftOut;

    /// <summary>Counts an event.</summary>
    /// <param name="leftOut">Text to append to the message: how many events were not logged since the last one that was.</param>
    /// <returns>Whether to log it.</returns>
    public bool Allows(out string leftOut)
    {
        leftOut = "";
        lock (_sync)
        {
            if (_logged == 0 || timeProvider.GetElapsedTime(_windowStart) >= Window)
            {
                _windowStart = timeProvider.GetTimestamp();
                _logged = 0;
            }

            if (_logged == MaxLogged)
            {
                _leftOut++;
                return false;
            }

            _logged++;
            if (_leftOut > 0)
            {
                leftOut = string.Create(CultureInfo.InvariantCulture, $" ({_leftOut} more such events were not logged)");
                _leftOut = 0;
            }

            return true;
        }
    }
}
