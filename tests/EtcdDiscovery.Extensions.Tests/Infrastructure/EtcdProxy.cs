using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A real <c>etcd grpc-proxy</c> in front of an etcd server.</summary>
public sealed class EtcdProxy : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("etcd-proxy-");
    private readonly Process _process;

    private EtcdProxy(string binary, EtcdServer server, int port)
    {
        Port = port;
        var start = new ProcessStartInfo(binary,
        [
            "grpc-proxy", "start",
            "--endpoints", server.Endpoint,
            "--listen-addr", $"127.0.0.1:{port}",
            "--advertise-client-url", $"127.0.0.1:{port}",
            "--data-dir", _directory.FullName,
        ])
        {
            RedirectStandardError = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{binary} did not start.");
        // Reads the output, because the proxy blocks when the pipe is full.
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    public int Port { get; }

    public string Endpoint => $"http://127.0.0.1:{Port}";

    public static async Task<EtcdProxy> StartAsync(EtcdVersion version, EtcdServer server)
    {
        var proxy = new EtcdProxy(SharedEtcd.BinaryOf(version), server, FreePort());
        using var http = new HttpClient();
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(new Uri($"{proxy.Endpoint}/metrics"));
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the proxy answers");
        return proxy;
    }

    /// <summary>Freezes the proxy: connections stay open, and requests get no answer.</summary>
    public void Pause() => Signals.Stop(_process);

    public async ValueTask DisposeAsync()
    {
        Signals.Kill(_process);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
