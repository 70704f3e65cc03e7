using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Integration;

/// <summary>
/// How the integration tests choose between a container and a process. Testcontainers looks for an engine once per process, so each test
/// runs in a child process.
/// </summary>
public sealed class DockerEngineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("auto", 0, "The integration tests use the process ")]
    [InlineData("require", 1, "ETCD_CONTAINERS requires a container, but the Docker engine did not answer within 5 s.")]
    public async Task Engine_AcceptsAndDoesNotAnswer_DoesNotHangTheTests(string mode, int exitCode, string expected)
    {
        using var unresponsive = new TcpListener(IPAddress.Loopback, 0);
        unresponsive.Start();

        var (exited, output) = await RunAsync(mode, $"tcp://{unresponsive.LocalEndpoint}");

        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.Equal(exitCode, exited);
    }

    [Theory]
    [InlineData("auto", 0, ", because no Docker engine answers.")]
    [InlineData("off", 0, ", because ETCD_CONTAINERS is off.")]
    [InlineData("require", 1, "ETCD_CONTAINERS requires a container, but no Docker engine answers.")]
    public async Task Engine_NotFound_ProcessIsUsedUnlessAContainerIsRequired(string mode, int exitCode, string expected)
    {
        // Testcontainers also tries the default addresses.
        Assert.SkipWhen(
            Environment.GetEnvironmentVariable("DOCKER_HOST") is null && await ContainerEtcd.FindObstacleAsync() is null,
            "A Docker engine answers at a default address.");

        var (exited, output) = await RunAsync(mode, "unix:///nowhere/docker.sock");

        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.Equal(exitCode, exited);
    }

    /// <summary>Runs one of the integration tests in a child process.</summary>
    private static async Task<(int ExitCode, string Output)> RunAsync(string mode, string engine)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet",
        [
            typeof(DockerEngineTests).Assembly.Location, "-noColor",
            "-method", $"{typeof(IntegrationTests).FullName}.{nameof(IntegrationTests.Host_StartedAndStopped_RegistersUnderItsLeaseAndWithdraws)}",
        ])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["ETCD_CONTAINERS"] = mode,
                ["DOCKER_HOST"] = engine,
            },
        })!;
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(Token).WaitAsync(Eventually.Patience, Token);
            await process.WaitForExitAsync(Token);
            return (process.ExitCode, output);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
