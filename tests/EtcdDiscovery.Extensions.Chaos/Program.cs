using System.Globalization;
using System.Runtime.InteropServices;
using EtcdDiscovery.Chaos;

if (args is ["host", ..])
{
    return await ChildHosts.RunAsync(args[1..]);
}

var seed = Random.Shared.Next(1, 1_000_000);
var minutes = 3.0;
var selfTest = false;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--self-test":
            selfTest = true;
            break;
        case "--seed" when i + 1 < args.Length:
            seed = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--minutes" when i + 1 < args.Length:
            minutes = double.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        default:
            Console.Error.WriteLine("Arguments: [--seed N] [--minutes M] | --self-test");
            return 2;
    }
}

// Whatever ends this program, the processes that it started end with it.
using var stopping = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stopping.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var etcd = Environment.GetEnvironmentVariable("ETCD_BIN")
    ?? throw new InvalidOperationException("ETCD_BIN is not set: run eng/test.sh --chaos, which fetches etcd and sets it.");
try
{
    var passed = selfTest
        ? await SelfTest.RunAsync(etcd, stopping.Token)
        : await ChaosRun.RunAsync(etcd, seed, TimeSpan.FromMinutes(minutes), stopping.Token);
    return passed ? 0 : 1;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Console.WriteLine("Stopped before its end.");
    return 1;
}
