using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A clock that runs faster than real time, and counts the timers that are not disposed.</summary>
/// <remarks>
/// Tests use real sockets and lose a thousand sessions without driving the clock, so time must pass by itself, unlike with
/// <c>FakeTimeProvider</c>.
/// </remarks>
internal sealed class FastClock(int speed) : TimeProvider
{
    private int _timers;

    /// <summary>The number of timers that are not disposed.</summary>
    public int Timers => Volatile.Read(ref _timers);

    public override long TimestampFrequency => Stopwatch.Frequency / speed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Interlocked.Increment(ref _timers);
        return new Timer(this, System.CreateTimer(callback, state, Scale(dueTime), Scale(period)));
    }

    private TimeSpan Scale(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / speed;

    private sealed class Timer(FastClock clock, ITimer timer) : ITimer
    {
        private int _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(clock.Scale(dueTime), clock.Scale(period));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Decrement(ref clock._timers);
                timer.Dispose();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
