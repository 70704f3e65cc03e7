using System.Net;
using System.Net.Sockets;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Reads the beginning of each request, then breaks the connection.</summary>
internal sealed class CuttingServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly bool _resets;
    private readonly Task _serving;
    private int _requests;

    /// <param name="resets">True to reset connections, false to close them as after a complete response.</param>
    public CuttingServer(bool resets)
    {
        _resets = resets;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Requests => Volatile.Read(ref _requests);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptSocketAsync();
                await connection.ReceiveAsync(new byte[4096]);
                Interlocked.Increment(ref _requests);
                connection.LingerState = new LingerOption(_resets, 0);
            }
        }
        catch (SocketException)
        {
            // The listener has stopped.
        }
    }
}
