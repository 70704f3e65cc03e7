using System.Diagnostics;
using System.Globalization;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>A child process that runs several hosts. Disposing kills it.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task _logging;
    private readonly Lock _sync = new();
    private bool _isExitExpected;

    private HostProcess(string name, IReadOnlyList<string> hosts, Process process, string log)
    {
        Name = name;
        Hosts = hosts;
        _process = process;
        _logging = Task.Run(async () =>
        {
            await using var file = File.Create(log);
            await process.StandardError.BaseStream.CopyToAsync(file);
        });
    }

    public string Name { get; }

    /// <summary>The names of the hosts, unique across processes.</summary>
    public IReadOnlyList<string> Hosts { get; }

    public static HostProcess Start(
        string name, int hostCount, IReadOnlyList<string> endpoints, EtcdApi api, string logs, BreakageKind? breakage = null)
    {
        var hosts = Enumerable.Range(0, hostCount)
            .Select(index => string.Create(CultureInfo.InvariantCulture, $"{name}-{index}")).ToList();
        string[] arguments =
        [
            typeof(HostProcess).Assembly.Location, "host", string.Join(',', hosts), string.Join(',', endpoints), api.ToString(),
            .. breakage is { } kind ? [kind.ToString()] : Array.Empty<string>(),
        ];
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        return new HostProcess(name, hosts, process!, Path.Combine(logs, name + ".log"));
    }

    /// <summary>Waits until the hosts have started.</summary>
    public async Task WaitUntilReadyAsync()
    {
        if (await _process.StandardOutput.ReadLineAsync().WaitAsync(StartTimeout) != ChildHosts.Ready)
        {
            throw new InvalidOperationException($"Process {Name} did not start; see its log.");
        }
    }

    /// <summary>Detects an unexpected exit. Reports it once: later calls return false.</summary>
    public bool TryDetectExit(out int exitCode)
    {
        lock (_sync)
        {
            // Once the exit is expected, the process may be disposed.
            if (_isExitExpected || !_process.HasExited)
            {
                exitCode = 0;
                return false;
            }

            exitCode = _process.ExitCode;
            return _isExitExpected = true;
        }
    }

    public void Pause() => Send(Signals.Stop);

    public void Continue() => Send(Signals.Continue);

    /// <summary>Sends SIGTERM and waits for the exit.</summary>
    /// <returns>Whether the process exited in time.</returns>
    public async Task<bool> TerminateAsync(TimeSpan timeout)
    {
        ExpectExit();
        Send(Signals.Terminate);
        try
        {
            await _process.WaitForExitAsync().WaitAsync(timeout);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async Task KillAsync()
    {
        ExpectExit();
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        ExpectExit();
        await _logging;
        _process.Dispose();
    }

    private void ExpectExit()
    {
        lock (_sync)
        {
            _isExitExpected = true;
        }
    }

    // An unexpected exit is already reported as a violation.
    private void Send(Action<Process> signal)
    {
        try
        {
            signal(_process);
        }
        catch (InvalidOperationException) when (_process.HasExited)
        {
        }
    }
}
