namespace EtcdDiscovery.Tool;

/// <summary>The exit codes of the process. Scripts rely on these numbers, so they never change. docs/tool.md lists them.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    public const int Error = 1;

    public const int Usage = 2;

    public const int NotFound = 3;

    public const int Unreachable = 4;

    public const int Refused = 5;

    public const int ProblemsFound = 6;

    public const int CannotExecute = 126;

    public const int CommandNotFound = 127;

    public const int Interrupted = 130;

    public const string Help = """
        Exit codes:
          0  success
          1  unexpected error
          2  wrong argument or setting
          3  unknown service, no instance, or no port for the scheme
          4  etcd is unreachable
          5  etcd refuses the user or password, or denies permission
          6  doctor found a problem, or copy-descriptions skipped a description
        'register -- COMMAND' returns the exit code of COMMAND.
        """;
}
