using System.Globalization;
using System.Net.Sockets;

namespace EtcdDiscovery.Tool.Registering;

/// <summary>Waits until a server on this machine accepts connections.</summary>
internal static class PortProbe
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="hosts">The names and addresses that the server may listen on.</param>
    /// <param name="ports">The ports by scheme.</param>
    /// <param name="cancellationToken">Ends the wait with an exception.</param>
    public static async Task WaitAsync(
        IReadOnlyList<string> hosts, IReadOnlyDictionary<string, string> ports, CancellationToken cancellationToken)
    {
        foreach (var (scheme, text) in ports)
        {
            var port = int.Parse(text, CultureInfo.InvariantCulture);
            var start = TimeProvider.System.GetTimestamp();
            var hasTold = false;
            while (!await AcceptsAsync(hosts, port, cancellationToken))
            {
                if (!hasTold && TimeProvider.System.GetElapsedTime(start) > Patience)
                {
                    Output.WriteNote($"Port {scheme}={port} does not accept connections on {string.Join(", ", hosts)} yet, so the service is not registered. Use --no-wait to register it at once.");
                    hasTold = true;
                }

                await Task.Delay(Interval, TimeProvider.System, cancellationToken);
            }
        }
    }

    private static async Task<bool> AcceptsAsync(IReadOnlyList<string> hosts, int port, CancellationToken cancellationToken)
    {
        foreach (var host in hosts)
        {
            try
            {
                using var client = new TcpClient();
                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                timeout.CancelAfter(TimeSpan.FromSeconds(1));
                await client.ConnectAsync(host, port, timeout.Token);
                return true;
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // The server may listen on another address, or later.
            }
        }

        return false;
    }
}
