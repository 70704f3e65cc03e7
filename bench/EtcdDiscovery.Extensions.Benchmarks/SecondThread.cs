namespace EtcdDiscovery.Benchmarks;

/// <summary>A second thread that makes the same calls at the same time, on request.</summary>
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

    /// <summary>Returns the average time of a call in nanoseconds while the second thread makes calls, too.</summary>
    /// <remarks>Repeats the measurement if one thread made far more calls than the other, because then the other one had no processor.</remarks>
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
