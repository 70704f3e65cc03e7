using System.Runtime.InteropServices;

namespace EtcdDiscovery.Chaos;

/// <summary>Signals to processes of ours.</summary>
internal static partial class Signals
{
    public static void Terminate(int processId) => Send(processId, 15);

    public static void Continue(int processId) => Send(processId, 18);

    public static void Stop(int processId) => Send(processId, 19);

    private static void Send(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
        {
            throw new InvalidOperationException($"kill -{signal} {processId}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
