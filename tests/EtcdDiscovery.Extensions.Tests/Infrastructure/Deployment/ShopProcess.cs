using System.Diagnostics;
using System.Reflection;

namespace EtcdDiscovery.Tests.Infrastructure.Deployment;

/// <summary>One process of samples. Disposing it kills it.</summary>
internal sealed class ShopProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ShopProcess(Process process) => _process = process;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a sample.</summary>
    /// <param name="program">The name of the program, such as <c>Catalog</c>.</param>
    /// <param name="settings">The settings, by configuration key.</param>
    public static ShopProcess Start(string program, Dictionary<string, string> settings)
    {
        var assembly = typeof(ShopProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == program).Value!;
        var start = new ProcessStartInfo("dotnet", [assembly]) { WorkingDirectory = Path.GetDirectoryName(assembly) };
        // The rule of a provider wins over those of the sample, whatever their categories.
        start.Environment["Logging__Console__LogLevel__Default"] = "None";
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return new ShopProcess(Process.Start(start)!);
    }

    /// <summary>Sends SIGTERM, and waits until the process has exited.</summary>
    public async Task TerminateAsync()
    {
        // The shell's built-in kill: slim images have no kill binary.
        using var kill = Process.Start("sh", ["-c", $"kill -TERM {_process.Id}"]);
        await _process.WaitForExitAsync();
    }

    /// <summary>Freezes the process.</summary>
    public void Pause() => Signals.Stop(_process);

    public void Continue() => Signals.Continue(_process);

    /// <summary>Kills the process, as a crash would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}
