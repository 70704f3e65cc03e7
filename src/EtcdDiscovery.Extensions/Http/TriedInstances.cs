namespace EtcdDiscovery.Http;

/// <summary>Tracks the attempts of one logical request, including retries and hedged attempts. Safe for concurrent use.</summary>
/// <remarks>Stored in the request's options, which resilience handlers copy when they clone a request.</remarks>
internal sealed class TriedInstances
{
    private static readonly HttpRequestOptionsKey<TriedInstances> Key = new("EtcdDiscovery.TriedInstances");

    private readonly Lock _sync = new();
    private readonly List<string> _ids = [];
    private List<ServiceCall> _cancelled = [];

    /// <summary>Starts to track a request, unless an earlier attempt has done so.</summary>
    public static TriedInstances Track(HttpRequestMessage request)
    {
        if (Of(request) is not { } tried)
        {
            request.Options.Set(Key, tried = new TriedInstances());
        }

        return tried;
    }

    /// <summary>Gets the attempts of a request; null if no outer handler can send it again.</summary>
    public static TriedInstances? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var tried) ? tried : null;

    public bool Contains(string id)
    {
        lock (_sync)
        {
            return _ids.Contains(id);
        }
    }

    /// <summary>
    /// Notes the start of an attempt. Earlier attempts that were cancelled ran into the timeout of a retry handler, so they failed.
    /// </summary>
    public void OnAttempt(string id)
    {
        lock (_sync)
        {
            _ids.Add(id);
        }

        EndCancelled(haveFailed: true);
    }

    /// <summary>Takes over the call of a cancelled attempt. What happens next shows whether the instance was at fault.</summary>
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
