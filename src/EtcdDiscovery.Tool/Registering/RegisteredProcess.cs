using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tool.Registering;

/// <summary>Registers a service for as long as a command runs, or until this process is asked to stop.</summary>
/// <param name="host">The host, not started yet. The service is registered from the host's start until its stop.</param>
/// <param name="options">The service.</param>
/// <param name="isJson">Whether states are written as JSON.</param>
internal sealed class RegisteredProcess(IHost host, ServiceRegistrationOptions options, bool isJson)
{
    // PosixSignal has no names for these.
    private static readonly (PosixSignal Maintenance, PosixSignal Serving) UserSignals =
        OperatingSystem.IsMacOS() ? ((PosixSignal)30, (PosixSignal)31) : ((PosixSignal)10, (PosixSignal)12);

    /// <summary>Registers until the process is asked to stop.</summary>
    public async Task RunAsync(CancellationToken stopping) => await RegisterAsync(Task.Delay(Timeout.InfiniteTimeSpan, stopping));

    /// <summary>Starts a command, registers it while it runs, and stops it after it has been withdrawn.</summary>
    /// <returns>The exit code of the command.</returns>
    public async Task<int> RunAsync(string[] command, bool waitsForPorts, TimeSpan stopTimeout, CancellationToken stopping)
    {
        using var child = ChildProcess.Start(command);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var ended = Task.WhenAny(child.Exited, Task.Delay(Timeout.InfiniteTimeSpan, stopping));
        try
        {
            var ready = waitsForPorts ? WaitForPortsAsync(ending.Token) : Task.CompletedTask;
            if (await Task.WhenAny(ready, ended) == ready && !ended.IsCompleted)
            {
                await ready;
                await RegisterAsync(ended);
            }

            await ending.CancelAsync();
            await ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await child.StopAsync(stopTimeout);
        }

        return child.ExitCode;
    }

    private Task WaitForPortsAsync(CancellationToken cancellationToken) => PortProbe.WaitAsync(
        [.. new[] { "localhost", options.PrivateHostname, options.Hostname }.OfType<string>().Where(host => host.Length > 0).Distinct()],
        new Dictionary<string, string>(options.PrivatePorts ?? options.Ports ?? new Dictionary<string, string>()),
        cancellationToken);

    private async Task RegisterAsync(Task ended)
    {
        var registration = host.Services.GetRequiredService<IServiceRegistry>().Register(options);
        var statuses = Channel.CreateUnbounded<ServiceStatus>();
        using var maintenance = OnSignal(UserSignals.Maintenance, ServiceStatus.Maintenance, statuses.Writer);
        using var serving = OnSignal(UserSignals.Serving, ServiceStatus.Serving, statuses.Writer);
        var changing = ChangeStatusAsync(registration, statuses.Reader);
        var telling = TellStatesAsync(registration);
        await host.StartAsync(CancellationToken.None);
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        statuses.Writer.Complete();
        await host.StopAsync(CancellationToken.None);
        await Task.WhenAll(changing, telling);
    }

    private static PosixSignalRegistration? OnSignal(PosixSignal signal, ServiceStatus status, ChannelWriter<ServiceStatus> statuses) =>
        OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            statuses.TryWrite(status);
        });

    private static async Task ChangeStatusAsync(IServiceRegistration registration, ChannelReader<ServiceStatus> statuses)
    {
        await foreach (var status in statuses.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                await registration.SetStatusAsync(status, null, CancellationToken.None);
                Output.WriteNote($"The status of '{registration.ServiceName}' is {Output.NameOf(status)}.");
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    // Writes to standard error, because standard output belongs to the command.
    private async Task TellStatesAsync(IServiceRegistration registration)
    {
        await foreach (var state in registration.WatchStateAsync(CancellationToken.None))
        {
            if (isJson)
            {
                await Console.Error.WriteLineAsync(Output.ToJsonLine(new RegistrationStateDocument(
                    TimeProvider.System.GetUtcNow().UtcDateTime, registration.ServiceName, registration.InstanceId, Output.NameOf(state))));
            }
            else if (state != RegistrationState.Registering)
            {
                Output.WriteNote($"{state}: service '{registration.ServiceName}', instance {registration.InstanceId}.");
            }
        }
    }
}
