using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace EtcdDiscovery.Testing;

/// <summary>
/// An etcd with one member and without TLS, as a process of this machine: for tests that stop, kill and restart it, or where there are no
/// containers.
/// </summary>
/// <remarks>
/// It has free loopback ports, which it keeps over restarts, and a temporary data directory, which is deleted with the object. The process
/// gets none of this process's <c>ETCD_</c> variables. Safe for use by one caller at a time.
/// </remarks>
public sealed partial class EtcdProcess : IAsyncDisposable
{
    private const string BinaryVariable = "ETCD_BIN";

    private const int SigTerm = 15;

    // More than a stopping etcd needs to close its streams, and more than a new one needs to elect itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HealthInterval = TimeSpan.FromMilliseconds(20);

    private readonly string _binary;
    private readonly int _clientPort;
    private readonly int _peerPort;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("etcd-");
    private readonly HttpClient _http = new() { Timeout = Patience };
    private readonly StringBuilder _errors = new();
    private Process? _process;

    /// <summary>Prepares a process, without starting it.</summary>
    /// <param name="binary">
    /// The path of the etcd binary. By default <c>ETCD_BIN</c>, or else the first <c>etcd</c> on <c>PATH</c>.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no binary.</exception>
    public EtcdProcess(string? binary = null)
    {
        _binary = FindBinary(binary);
        (_clientPort, _peerPort) = EtcdLaunch.FreePorts();
    }

    /// <summary>Additional flags, such as <c>--enable-v2</c> for etcd 3.4 and 3.5. A change takes effect at the next start.</summary>
    public IList<string> Arguments { get; } = [];

    private string DataDirectory => Path.Combine(_directory.FullName, "data");

    private string LogFile => Path.Combine(_directory.FullName, "log");

    /// <summary>The URL of etcd, for <c>ConnectionStrings:etcd</c> or <c>EtcdDiscovery:Etcd:Endpoints:0</c>.</summary>
    /// <returns>The URL, such as <c>http://127.0.0.1:23790</c>; the same before and after a restart.</returns>
    public string GetConnectionString() => LoopbackUrl(_clientPort);

    /// <summary>Starts etcd, with the data of its last run, and waits until it is healthy.</summary>
    /// <param name="cancellationToken">Cancels the wait, and kills the process.</param>
    /// <returns>A task that completes when etcd is healthy.</returns>
    /// <exception cref="InvalidOperationException">
    /// It is already running, or did not become healthy within 30 seconds. The message contains its log.
    /// </exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_process is not null)
        {
            throw new InvalidOperationException("etcd is already running.");
        }

        _process = StartProcess();
        try
        {
            await WaitUntilHealthyAsync(_process, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await KillAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops etcd by SIGTERM, and waits: it takes seconds to close its streams. On Windows, kills it.</summary>
    /// <returns>A task that completes when the process has ended.</returns>
    public Task StopAsync() => EndAsync(process =>
    {
        if (OperatingSystem.IsWindows())
        {
            process.Kill();
        }
        else if (SendSignal(process.Id, SigTerm) != 0)
        {
            throw new InvalidOperationException($"SIGTERM could not be sent: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    });

    /// <summary>Kills etcd, as a crash would.</summary>
    /// <returns>A task that completes when the process has ended.</returns>
    public Task KillAsync() => EndAsync(process => process.Kill());

    /// <summary>Kills etcd if it runs, and deletes its data.</summary>
    /// <returns>A task that completes when the data is deleted.</returns>
    public async ValueTask DisposeAsync()
    {
        await KillAsync().ConfigureAwait(false);
        _http.Dispose();
        if (_directory.Exists)
        {
            _directory.Delete(recursive: true);
        }
    }

    private async Task EndAsync(Action<Process> end)
    {
        if (_process is not { } process)
        {
            return;
        }

        if (!process.HasExited)
        {
            end(process);
        }

        await process.WaitForExitAsync().WaitAsync(Patience).ConfigureAwait(false);
        _process = null;
        process.Dispose();
    }

    private Process StartProcess()
    {
        var (client, peer) = (LoopbackUrl(_clientPort), LoopbackUrl(_peerPort));
        var start = EtcdLaunch.StartInfo(_binary,
        [
            "--name", "default",
            "--data-dir", DataDirectory,
            "--listen-client-urls", client,
            "--advertise-client-urls", client,
            "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer,
            "--initial-cluster", $"default={peer}",
            "--unsafe-no-fsync",
            "--logger", "zap",
            "--log-level", "error",
            "--log-outputs", LogFile,
            .. Arguments,
        ]);
        start.RedirectStandardError = true;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{_binary} did not start.");
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
        return process;
    }

    private async Task WaitUntilHealthyAsync(Process process, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Patience, TimeProvider.System);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        while (!await IsHealthyAsync(waiting.Token).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (process.HasExited || timeout.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{_binary} did not become healthy: {await ReadReasonAsync(process).ConfigureAwait(false)}");
            }

            await Task.Delay(HealthInterval, TimeProvider.System, waiting.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // etcd reports refused flags on standard error, before there is a log.
    private async Task<string> ReadReasonAsync(Process process)
    {
        if (process.HasExited)
        {
            // Also waits for the end of the output.
            await process.WaitForExitAsync().ConfigureAwait(false);
        }

        var log = File.Exists(LogFile) ? await File.ReadAllTextAsync(LogFile).ConfigureAwait(false) : "";
        lock (_errors)
        {
            return $"{(process.HasExited ? $"exit code {process.ExitCode}" : "it still runs")}\n{_errors}{log}";
        }
    }

    // The status says whether etcd has a leader.
    private async Task<bool> IsHealthyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(GetConnectionString() + "/health"), cancellationToken).ConfigureAwait(false);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private static string LoopbackUrl(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    private static string FindBinary(string? binary)
    {
        var named = string.IsNullOrEmpty(binary) ? Environment.GetEnvironmentVariable(BinaryVariable) : binary;
        if (!string.IsNullOrEmpty(named))
        {
            return File.Exists(named) ? named : throw new FileNotFoundException($"There is no etcd at '{named}'.", named);
        }

        var file = OperatingSystem.IsWindows() ? "etcd.exe" : "etcd";
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, file))
            .FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"There is no etcd on PATH: install it, or set {BinaryVariable} to its path.", file);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
