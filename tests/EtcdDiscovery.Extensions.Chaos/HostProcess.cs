using System.Diagnostics;
using System.Globalization;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>A process with some hosts in it. Disposing it kills it.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task _logging;
    private readonly Lock _ending = new();
    private bool _mayEnd;

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

    /// <summary>The names of the hosts, unlike those of any other process.</summary>
    public IReadOnlyList<string> Hosts { get; }

    /// <summary>Whether the process has exited unexpectedly. Returns true only once.</summary>
    public bool HasDied
    {
        get
        {
            lock (_ending)
            {
                // Once it may end, nobody but the one that ends it may ask: it may be disposed of.
                return !_mayEnd && _process.HasExited && (_mayEnd = true);
            }
        }
    }

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

    /// <summary>Waits until its hosts have started.</summary>
    public async Task ReadyAsync()
    {
        if (await _process.StandardOutput.ReadLineAsync().WaitAsync(StartTimeout) != ChildHosts.Ready)
        {
            throw new InvalidOperationException($"Process {Name} does not start; see its log.");
        }
    }

    public void Pause() => Send(Signals.Stop);

    public void Continue() => Send(Signals.Continue);

    /// <summary>Asks it to end, and waits until it has.</summary>
    /// <returns>Whether it did so in time.</returns>
    public async Task<bool> TerminateAsync(TimeSpan patience)
    {
        AllowEnd();
        Send(Signals.Terminate);
        try
        {
            await _process.WaitForExitAsync().WaitAsync(patience);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async Task KillAsync()
    {
        AllowEnd();
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        AllowEnd();
        await _logging;
        _process.Dispose();
    }

    private void AllowEnd()
    {
        lock (_ending)
        {
            _mayEnd = true;
        }
    }

    // One that has ended by itself is a violation already, and nothing else can happen to it.
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
