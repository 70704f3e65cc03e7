using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A real etcd process with its own loopback ports and a data directory that is deleted at the end.</summary>
public sealed class EtcdServer : IEtcd
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly string _binary;
    private readonly string _name;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("etcd-test-");
    private readonly EtcdSecurity _security;
    private readonly HttpClient _http;
    private readonly StringBuilder _errors = new();
    private Process? _process;

    private EtcdServer(string binary, string name, EtcdSecurity? security = null)
    {
        _binary = binary;
        _name = name;
        _security = security ?? new EtcdSecurity();
        (Port, PeerPort) = Testing.EtcdLaunch.FreePorts();
        _http = new HttpClient(_security.NewHandler()) { BaseAddress = new Uri(Endpoint), Timeout = StartTimeout };
    }

    /// <summary>The path of the binary.</summary>
    public string Binary => _binary;

    public int Port { get; }

    public string Endpoint => $"{_security.Scheme}://127.0.0.1:{Port}";

    private int PeerPort { get; }

    private string Cluster { get; set; } = "";

    public string PeerUrl => $"http://127.0.0.1:{PeerPort}";

    private string LogFile => Path.Combine(_directory.FullName, "log");

    private string Data => Path.Combine(_directory.FullName, "data");

    private string Saved => Path.Combine(_directory.FullName, "saved");

    private string ClusterToken { get; set; } = "";

    /// <summary>Whether etcd syncs to disk, which is its default. Tests do not need it.</summary>
    private bool WaitsForDisk { get; set; }

    /// <summary>Starts a cluster of one member.</summary>
    public static async Task<EtcdServer> StartAsync(string binary, bool waitsForDisk = false)
    {
        var server = Create(binary, 1)[0];
        server.WaitsForDisk = waitsForDisk;
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts a cluster of one member with TLS or other flags.</summary>
    /// <param name="binary">The path of etcd.</param>
    /// <param name="security">The flags.</param>
    /// <param name="prepareAsync">Prepares the server before its first use. If it fails, the server is stopped.</param>
    internal static async Task<EtcdServer> StartAsync(
        string binary, EtcdSecurity security, Func<EtcdServer, Task>? prepareAsync = null)
    {
        var server = new EtcdServer(binary, "m0", security);
        server.Cluster = $"m0={server.PeerUrl}";
        await server.StartAsync();
        try
        {
            await (prepareAsync?.Invoke(server) ?? Task.CompletedTask);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates the members of one cluster; see <c>EtcdCluster</c>.</summary>
    internal static IReadOnlyList<EtcdServer> Create(string binary, int size)
    {
        var members = Enumerable.Range(0, size).Select(i => new EtcdServer(binary, $"m{i}")).ToList();
        foreach (var member in members)
        {
            member.Cluster = string.Join(',', members.Select(m => $"{m._name}={m.PeerUrl}"));
        }

        return members;
    }

    internal async Task StartAsync()
    {
        try
        {
            StartProcess();
            await WaitUntilHealthyAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the process, as a crash would.</summary>
    public async Task KillAsync()
    {
        Signals.Kill(_process!);
        await WaitForExitAsync();
    }

    /// <summary>Sends SIGTERM and waits. etcd takes seconds to close its streams.</summary>
    public async Task StopAsync()
    {
        Signals.Terminate(_process!);
        await WaitForExitAsync();
    }

    /// <summary>Freezes the process: connections stay open, and requests get no answer.</summary>
    public void Pause() => Signals.Stop(_process!);

    public void Continue() => Signals.Continue(_process!);

    /// <summary>Restarts the process on the same ports.</summary>
    public async Task RestartAsync(bool wipe)
    {
        if (wipe)
        {
            Directory.Delete(Data, recursive: true);
        }

        StartProcess();
        await WaitUntilHealthyAsync();
    }

    /// <summary>Makes the next wiped restart form another cluster.</summary>
    public void BecomeAnotherCluster() => ClusterToken += "-another";

    /// <summary>Saves a copy of the data. The process must not be running.</summary>
    public void Save() => Copy(new DirectoryInfo(Data), Saved);

    /// <summary>Restores the saved copy. The process must not be running.</summary>
    public void Restore()
    {
        Directory.Delete(Data, recursive: true);
        Directory.Move(Saved, Data);
    }

    /// <summary>Calls etcd's JSON gateway, without the library.</summary>
    public async Task<JsonNode> PostAsync(string path, JsonObject request, string? token = null)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(request) };
        if (token is not null)
        {
            message.Headers.Add("Authorization", token);
        }

        using var response = await _http.SendAsync(message);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    /// <summary>Reads a metric from etcd's metrics page; 0 if it does not exist yet.</summary>
    public async Task<double> GetMetricAsync(string name)
    {
        var page = await _http.GetStringAsync("/metrics");
        var line = page.Split('\n').FirstOrDefault(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        _http.Dispose();
        _directory.Delete(recursive: true);
    }

    private void StartProcess()
    {
        _process?.Dispose();
        var start = Testing.EtcdLaunch.StartInfo(_binary,
        [
            "--name", _name,
            "--data-dir", Data,
            "--listen-client-urls", Endpoint,
            "--advertise-client-urls", Endpoint,
            "--listen-peer-urls", PeerUrl,
            "--initial-advertise-peer-urls", PeerUrl,
            "--initial-cluster", Cluster,
            "--initial-cluster-token", Cluster + ClusterToken,
            .. EtcdBinary.ServesV2(_binary) ? ["--enable-v2"] : Array.Empty<string>(),
            .. _security.Flags,
            .. WaitsForDisk ? Array.Empty<string>() : ["--unsafe-no-fsync"],
            "--logger", "zap",
            "--log-level", "error",
            "--log-outputs", LogFile,
        ]);
        start.RedirectStandardError = true;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{_binary} did not start.");
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    private async Task WaitUntilHealthyAsync()
    {
        var started = Stopwatch.StartNew();
        while (!await IsHealthyAsync())
        {
            if (_process!.HasExited || started.Elapsed > StartTimeout)
            {
                throw new InvalidOperationException($"{_binary} did not become healthy: {await ReadReasonAsync()}");
            }

            await Task.Delay(20);
        }
    }

    private async Task<bool> IsHealthyAsync()
    {
        try
        {
            var health = await _http.GetFromJsonAsync<JsonNode>("/health");
            return (string?)health!["health"] == "true";
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    // etcd reports refused flags on standard error, before there is a log.
    private async Task<string> ReadReasonAsync()
    {
        if (_process!.HasExited)
        {
            await WaitForExitAsync(); // also waits for the end of its output
        }

        var log = File.Exists(LogFile) ? await File.ReadAllTextAsync(LogFile) : "";
        lock (_errors)
        {
            return $"{(_process.HasExited ? $"exit code {_process.ExitCode}" : "it still runs")}\n{_errors}{log}";
        }
    }

    private async Task WaitForExitAsync() => await _process!.WaitForExitAsync().WaitAsync(StartTimeout);

    private static void Copy(DirectoryInfo from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in from.EnumerateFiles())
        {
            file.CopyTo(Path.Combine(to, file.Name));
        }

        foreach (var directory in from.EnumerateDirectories())
        {
            Copy(directory, Path.Combine(to, directory.Name));
        }
    }
}
