namespace EtcdDiscovery.Http;

/// <summary>The instances that one logical request was sent to, by all its retries and hedged attempts. Safe for concurrent use.</summary>
/// <remarks>It travels in the request's options, which resilience handlers keep when they clone a request.</remarks>
internal sealed class TriedInstances
{
    private static readonly HttpRequestOptionsKey<TriedInstances> Key = new("EtcdDiscovery.TriedInstances");

    private readonly Lock _sync = new();
    private readonly List<string> _ids = [];

    /// <summary>Begins to remember for a request, unless an attempt before has done so.</summary>
    public static void Track(HttpRequestMessage request)
    {
        if (Of(request) is null)
        {
            request.Options.Set(Key, new TriedInstances());
        }
    }

    /// <summary>What is remembered of a request; null when nothing above the handler could send it again.</summary>
    public static TriedInstances? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var tried) ? tried : null;

    public void Add(string id)
    {
        lock (_sync)
        {
            _ids.Add(id);
        }
    }

    public bool Contains(string id)
    {
        lock (_sync)
        {
            return _ids.Contains(id);
        }
    }
}
