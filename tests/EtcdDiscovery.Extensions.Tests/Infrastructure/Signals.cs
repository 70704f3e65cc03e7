using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Sends signals to processes of the tests, by Linux's signal numbers.</summary>
internal static partial class Signals
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(20);

    public static void Kill(Process process) => Send(process, 9);

    public static void Terminate(Process process) => Send(process, 15);

    public static void Continue(Process process) => Send(process, 18);

    /// <summary>Freezes a process, and waits until it is: on a busy machine its threads run on for a moment.</summary>
    public static void Stop(Process process)
    {
        Send(process, 19);
        if (!SpinWait.SpinUntil(() => IsStopped(process.Id), StopTimeout))
        {
            throw new InvalidOperationException($"Process {process.Id} was not stopped by SIGSTOP.");
        }
    }

    private static bool IsStopped(int processId)
    {
        try
        {
            return Directory.EnumerateDirectories($"/proc/{processId}/task").All(IsThreadStopped);
        }
        catch (IOException)
        {
            // The thread has ended meanwhile.
            return false;
        }
    }

    // The state follows the name, which is in parentheses and may contain parentheses.
    private static bool IsThreadStopped(string thread)
    {
        var stat = File.ReadAllText(Path.Combine(thread, "stat"));
        return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('T');
    }

    private static void Send(Process process, int signal)
    {
        if (Send(process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"kill -{signal} {process.Id}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int processId, int signal);
}
