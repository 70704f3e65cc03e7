namespace EtcdDiscovery.Tool;

/// <summary>The command to register cannot be started.</summary>
internal sealed class CommandFailedException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}
