using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EtcdDiscovery.Testing;

/// <summary>The environment and the ports that an etcd process needs.</summary>
internal static class EtcdLaunch
{
    /// <summary>The start info with these arguments, and without this process's <c>ETCD_</c> variables.</summary>
    public static ProcessStartInfo StartInfo(string binary, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(binary, arguments);
        // etcd reads every ETCD_ variable as a flag, including ETCD_BIN.
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("ETCD_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            // etcd 3.4 does not run there without it.
            start.Environment["ETCD_UNSUPPORTED_ARCH"] = "arm64";
        }

        return start;
    }

    /// <summary>Finds two free loopback ports.</summary>
    public static (int Client, int Peer) FreePorts()
    {
        using var client = ListenAnywhere();
        using var peer = ListenAnywhere();
        return (((IPEndPoint)client.LocalEndpoint).Port, ((IPEndPoint)peer.LocalEndpoint).Port);
    }

    // Outside the ephemeral range: while etcd is down, the system must not give its port to another process.
    private static TcpListener ListenAnywhere()
    {
        while (true)
        {
            var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(10_000, 32_768));
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException)
            {
                listener.Dispose();
            }
        }
    }
}
