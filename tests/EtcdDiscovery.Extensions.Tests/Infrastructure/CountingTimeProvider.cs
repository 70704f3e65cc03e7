using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A <see cref="FakeTimeProvider"/> that counts armed timers.</summary>
internal sealed class CountingTimeProvider : FakeTimeProvider
{
    private readonly HashSet<Timer> _armed = [];

    public int ArmedTimers
    {
        get
        {
            lock (_armed)
            {
                return _armed.Count;
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this);
        timer.Start(
            base.CreateTimer(
                _ =>
                {
                    timer.OnDue();
                    callback(state);
                },
                null,
                Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan),
            dueTime,
            period);
        return timer;
    }

    private void SetArmed(Timer timer, bool isArmed)
    {
        lock (_armed)
        {
            _ = isArmed ? _armed.Add(timer) : _armed.Remove(timer);
        }
    }

    private sealed class Timer(CountingTimeProvider clock) : ITimer
    {
        private ITimer? _timer;
        private bool _isPeriodic;

        public void Start(ITimer timer, TimeSpan dueTime, TimeSpan period)
        {
            _timer = timer;
            Change(dueTime, period);
        }

        public void OnDue() => clock.SetArmed(this, _isPeriodic);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _isPeriodic = period > TimeSpan.Zero;
            clock.SetArmed(this, dueTime != Timeout.InfiniteTimeSpan);
            return _timer!.Change(dueTime, period);
        }

        public void Dispose()
        {
            clock.SetArmed(this, false);
            _timer!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
