namespace EtcdDiscovery.Transport;

/// <summary>The way to a cluster: one endpoint at a time for all calls, the next one when it fails.</summary>
/// <typeparam name="TConnection">What leads to one endpoint; disposed when that is left.</typeparam>
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
        // A random start, so that a fleet spreads over the members.
        _index = Random.Shared.Next(_addresses.Length);
        _current = connect(_addresses[_index]);
    }

    /// <summary>The addresses, as people may see them.</summary>
    public IReadOnlyList<string> Endpoints { get; }

    public TConnection Current
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _current;
        }
    }

    /// <summary>Leaves an endpoint for the next one; the only one there is, for a fresh connection to it.</summary>
    /// <param name="failed">The connection that is to blame.</param>
    /// <returns>The endpoint in use from now on; null when another call has left already.</returns>
    public string? Leave(TConnection failed)
    {
        string next;
        lock (_sync)
        {
            // Of many calls that fail together only the first one moves on.
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
