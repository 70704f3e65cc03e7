using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using EtcdDiscovery;
using EtcdDiscovery.Tool;
using EtcdDiscovery.Tool.Commands;
using Microsoft.Extensions.Options;

var settings = new SettingsOptions();
var root = new RootCommand("Shows the services in etcd, registers processes, and finds out why discovery does not work.\n\n" + ExitCode.Help)
{
    new ServicesCommand(settings),
    new InstancesCommand(settings),
    new UriCommand(settings),
    new WatchCommand(settings),
    new ExplainCommand(settings),
    new RegisterCommand(settings),
    new DoctorCommand(settings),
    new CopyDescriptionsCommand(settings),
};
settings.AddTo(root);

// '@' may begin an argument of the command that 'register' starts.
var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
{
    return Fail(ExitCode.Usage, $"{parsed.Errors[^1].Message} See 'etcd-discovery --help'.");
}

using var stopping = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    // The second signal ends the process at once.
    signal.Cancel = !stopping.IsCancellationRequested;
    stopping.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
try
{
    return await parsed.InvokeAsync(
        new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stopping.Token);
}
catch (Exception) when (stopping.IsCancellationRequested)
{
    return ExitCode.Interrupted;
}
catch (OptionsValidationException e)
{
    return Fail(ExitCode.Usage, string.Join(' ', e.Failures));
}
catch (Exception e) when (e is UsageException or ArgumentException)
{
    return Fail(ExitCode.Usage, e.Message);
}
catch (Exception e) when (e is ServiceNotFoundException or NoInstanceFoundException or NoInstanceOnShardException or UnknownSchemeException)
{
    return Fail(ExitCode.NotFound, e.Message);
}
catch (EtcdDiscoveryException e)
{
    return Fail(e.IsTransient ? ExitCode.Unreachable : ExitCode.Refused, e.Message);
}
catch (CommandFailedException e)
{
    return Fail(e.ExitCode, e.Message);
}
catch (Exception e)
{
    return Fail(ExitCode.Error, e.Message);
}

static int Fail(int code, string message)
{
    Output.WriteNote(message);
    return code;
}
