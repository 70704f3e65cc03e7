namespace EtcdDiscovery.Transport;

/// <summary>Rotates through the endpoints of a cluster. All calls use one endpoint; when it fails, they switch to the next one.</summary>
/// <typeparam name="TConnection">A connection to one endpoint; disposed when the endpoint is left.</typeparam>
internal sealed class EndpointRotation<TConnection> : IDisposable
    where TConnection : class, IDisposable
{
    private readonly Uri[] _addresses;
    private readonly Func<Uri, TConnection> _connect;
    private readonly Lock _sync = new();
    private volatile TConnection _current;
    private int _index;
    private volatile bool _disposed;

    public EndpointRotation(IEnumerable<string> endpoints, Func<Uri, TConnection> connect)
    {
        _addresses = [.. endpoints.Select(EtcdAddress.Parse)];
        _connect = connect;
        Endpoints = Array.ConvertAll(_addresses, EtcdAddress.Display);
        // A random start distributes the processes of a fleet over the members.
        _index = Random.Shared.Next(_addresses.Length);
        _current = connect(_addresses[_index]);
    }

    /// <summary>The addresses for display.</summary>
    public IReadOnlyList<string> Endpoints { get; }

    public TConnection Current
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _current;
        }
    }

    /// <summary>Switches from an endpoint to the next one, or to a new connection if there is only one endpoint.</summary>
    /// <param name="failed">The connection that failed.</param>
    /// <returns>The new endpoint; null if another call has already switched.</returns>
    public string? Leave(TConnection failed)
    {
        string next;
        lock (_sync)
        {
            // If many calls fail together, only the first one switches.
            if (_disposed || _current != failed)
            {
                return null;
            }

            _index = (_index + 1) % _addresses.Length;
            next = Endpoints[_index];
            _current = _connect(_addresses[_index]);
        }

        failed.Dispose();
        return next;
    }

    public void Dispose()
    {
        lock (_sync)
        {
            _disposed = true;
        }

        _current.Dispose();
    }
}
