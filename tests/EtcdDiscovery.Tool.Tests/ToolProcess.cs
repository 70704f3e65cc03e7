using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>The output and exit code of the tool.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Errors)
{
    public JsonNode Json => JsonNode.Parse(Output)!;
}

/// <summary>The tool in its own process, as users run it.</summary>
internal sealed class ToolProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private ToolProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output => Read(_output);

    public string Errors => Read(_errors);

    /// <summary>Starts the tool with an endpoint of etcd in the environment.</summary>
    /// <param name="endpoint">The endpoint; null for none.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="environment">Further variables.</param>
    public static ToolProcess Start(string? endpoint, string[] arguments, params (string Name, string Value)[] environment)
    {
        var assembly = typeof(ToolProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "Tool").Value!;
        var start = new ProcessStartInfo("dotnet", [assembly, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (endpoint is not null)
        {
            start.Environment["EtcdDiscovery__Etcd__Endpoints__0"] = endpoint;
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new(Process.Start(start)!);
    }

    /// <summary>Runs the tool until it exits.</summary>
    public static async Task<ToolResult> RunAsync(string? endpoint, params string[] arguments)
    {
        await using var tool = Start(endpoint, arguments);
        return await tool.WaitAsync();
    }

    public async Task<ToolResult> WaitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(Eventually.Patience * 2);
        return new(_process.ExitCode, Output, Errors);
    }

    public void Terminate() => Signals.Terminate(_process);

    public Task WaitForOutputAsync(string text) => WaitForAsync(() => Output, text);

    public Task WaitForErrorsAsync(string text) => WaitForAsync(() => Errors, text);

    /// <summary>Sends a signal.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync(CancellationToken.None);
        Assert.Equal(0, kill.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private Task WaitForAsync(Func<string> read, string text) => Eventually.TrueAsync(
        () => Task.FromResult(read().Contains(text, StringComparison.Ordinal)),
        $"the tool writes '{text}', but wrote: {read()}\n{Errors}");

    private static void Append(StringBuilder builder, string? line)
    {
        lock (builder)
        {
            _ = line is null ? builder : builder.AppendLine(line);
        }
    }

    private static string Read(StringBuilder builder)
    {
        lock (builder)
        {
            return builder.ToString();
        }
    }
}
