namespace EtcdDiscovery.Http;

/// <summary>The attempts at one logical request, by all its retries and hedges. Safe for concurrent use.</summary>
/// <remarks>It travels in the request's options, which resilience handlers keep when they clone a request.</remarks>
internal sealed class TriedInstances
{
    private static readonly HttpRequestOptionsKey<TriedInstances> Key = new("EtcdDiscovery.TriedInstances");

    private readonly Lock _sync = new();
    private readonly List<string> _ids = [];
    private List<ServiceCall> _cancelled = [];

    /// <summary>Begins to remember for a request, unless an attempt before has done so.</summary>
    public static TriedInstances Track(HttpRequestMessage request)
    {
        if (Of(request) is not { } tried)
        {
            request.Options.Set(Key, tried = new TriedInstances());
        }

        return tried;
    }

    /// <summary>What is remembered of a request; null when nothing above the handler could send it again.</summary>
    public static TriedInstances? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var tried) ? tried : null;

    public bool Contains(string id)
    {
        lock (_sync)
        {
            return _ids.Contains(id);
        }
    }

    /// <summary>Remembers an attempt that begins. Those that were cancelled before it ran into a retrier's time-out: they failed.</summary>
    public void OnAttempt(string id)
    {
        lock (_sync)
        {
            _ids.Add(id);
        }

        EndCancelled(haveFailed: true);
    }

    /// <summary>Takes over the call of an attempt that was cancelled. What follows tells whether the instance was to blame.</summary>
    public void OnCancelled(ServiceCall call)
    {
        lock (_sync)
        {
            _cancelled.Add(call);
        }
    }

    /// <summary>Ends the calls of cancelled attempts.</summary>
    public void EndCancelled(bool haveFailed)
    {
        List<ServiceCall> ended;
        lock (_sync)
        {
            (ended, _cancelled) = (_cancelled, []);
        }

        foreach (var call in ended)
        {
            if (haveFailed)
            {
                call.Complete(succeeded: false);
            }

            call.Dispose();
        }
    }
}
