namespace EtcdDiscovery.Benchmarks;

/// <summary>A thread that makes the same calls at the same time, when it is told to.</summary>
internal sealed class SecondThread : IDisposable
{
    private const int CallsAtOnce = 100;

    private readonly Action<int> _makeCalls;
    private readonly ManualResetEventSlim _working = new();
    private readonly Thread _thread;
    private volatile bool _stopping;
    private long _calls;

    public SecondThread(Action<int> makeCalls)
    {
        _makeCalls = makeCalls;
        _thread = new Thread(Work) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>The nanoseconds a call takes while the second thread makes calls as well.</summary>
    /// <remarks>
    /// Where one thread got much further than the other, one of them had no processor: that was no contest, and is
    /// repeated.
    /// </remarks>
    public double TimePerCallBeside(int calls)
    {
        _working.Set();
        double time, callsOfSecond;
        do
        {
            var before = Volatile.Read(ref _calls);
            time = Interleaved.TimePerCall(_makeCalls, calls);
            callsOfSecond = Volatile.Read(ref _calls) - before;
        }
        while (callsOfSecond < calls / 2 || callsOfSecond > calls * 2);

        _working.Reset();
        return time;
    }

    public void Dispose()
    {
        _stopping = true;
        _working.Set();
        _thread.Join();
        _working.Dispose();
    }

    private void Work()
    {
        while (!_stopping)
        {
            _working.Wait();
            _makeCalls(CallsAtOnce);
            Interlocked.Add(ref _calls, CallsAtOnce);
        }
    }
}
