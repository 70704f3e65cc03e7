using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EtcdDiscovery.Tool.Registering;

/// <summary>The command that is registered. It shares the terminal, the environment and the working directory of this process.</summary>
internal sealed partial class ChildProcess : IDisposable
{
    private const int SigTerm = 15;
    private const int FileNotFound = 2;

    private readonly Process _process;

    private ChildProcess(Process process)
    {
        _process = process;
        Exited = process.WaitForExitAsync(CancellationToken.None);
    }

    public Task Exited { get; }

    /// <summary>The exit code; 128 plus the signal number if a signal ended the process.</summary>
    public int ExitCode => _process.ExitCode;

    /// <exception cref="CommandFailedException">The command cannot be started.</exception>
    public static ChildProcess Start(string[] command)
    {
        try
        {
            return new(Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false })!);
        }
        catch (Win32Exception error)
        {
            var code = error.NativeErrorCode == FileNotFound ? Tool.ExitCode.CommandNotFound : Tool.ExitCode.CannotExecute;
            throw new CommandFailedException(code, $"'{command[0]}' cannot be started: {error.Message}");
        }
    }

    /// <summary>Asks the process to stop, and kills it if it does not.</summary>
    public async Task StopAsync(TimeSpan timeout)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows cannot ask a process to stop.
            _process.Kill(entireProcessTree: true);
        }
        else if (!_process.HasExited)
        {
            _ = Kill(_process.Id, SigTerm);
        }

        if (await Task.WhenAny(Exited, Task.Delay(timeout, TimeProvider.System, CancellationToken.None)) != Exited)
        {
            Output.WriteNote($"The command did not stop within {timeout.TotalSeconds:0.#} s; killing it.");
            _process.Kill(entireProcessTree: true);
        }

        await Exited;
    }

    public void Dispose() => _process.Dispose();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
