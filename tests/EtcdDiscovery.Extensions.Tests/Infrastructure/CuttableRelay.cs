using System.Net;
using System.Net.Sockets;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A relay between a client and a server on loopback whose connections can be cut.</summary>
internal sealed class CuttableRelay : IAsyncDisposable
{
    private readonly int _target;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Lock _sync = new();
    private readonly HashSet<Socket> _sockets = [];
    private readonly List<Task> _tasks = [];
    private bool _isCut;

    public CuttableRelay(int target)
    {
        _target = target;
        _listener.Start();
        _tasks.Add(AcceptAsync());
    }

    public string Endpoint => $"http://{_listener.LocalEndpoint}";

    /// <summary>Resets all connections, and new ones as soon as they are accepted.</summary>
    public void Cut()
    {
        lock (_sync)
        {
            _isCut = true;
            foreach (var socket in _sockets)
            {
                Reset(socket);
            }

            _sockets.Clear();
        }
    }

    public void Mend()
    {
        lock (_sync)
        {
            _isCut = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
        Task[] tasks;
        lock (_sync)
        {
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptSocketAsync();
            lock (_sync)
            {
                _tasks.Add(RelayAsync(client));
            }
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        if (!Keep(client))
        {
            return;
        }

        await server.ConnectAsync(IPAddress.Loopback, _target);
        if (!Keep(server))
        {
            return;
        }

        await using var there = new NetworkStream(client);
        await using var here = new NetworkStream(server);
        var copies = new[] { there.CopyToAsync(here), here.CopyToAsync(there) };
        await Task.WhenAny(copies);
        Reset(client);
        Reset(server);
        await Task.WhenAll(copies).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private bool Keep(Socket socket)
    {
        lock (_sync)
        {
            if (_isCut)
            {
                Reset(socket);
                return false;
            }

            return _sockets.Add(socket);
        }
    }

    private static void Reset(Socket socket) => socket.Close(0);
}
