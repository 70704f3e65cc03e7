using System.Diagnostics;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Runs a command of this program in another process, so that its cost is not measured. It ends when its standard input ends.</summary>
internal static class BenchmarkProcess
{
    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    /// <summary>Waits for the end of standard input. On a thread of its own, because the console's asynchronous methods block.</summary>
    public static Task WaitForEndAsync() => Task.Run(Console.In.ReadToEnd);
}
