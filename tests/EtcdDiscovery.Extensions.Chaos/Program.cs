using System.Globalization;
using System.Runtime.InteropServices;
using EtcdDiscovery.Chaos;
using EtcdDiscovery.Tests.Infrastructure;

if (args is ["host", ..])
{
    return await ChildHosts.RunAsync(args[1..]);
}

var seed = Random.Shared.Next(1, 1_000_000);
var minutes = 3.0;
var api = EtcdApi.V3;
var selfTest = false;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--self-test":
            selfTest = true;
            break;
        case "--seed" when i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out seed):
            i++;
            break;
        case "--minutes" when i + 1 < args.Length && double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out minutes):
            i++;
            break;
        case "--store" when i + 1 < args.Length && args[i + 1] is "v2" or "v3":
            api = args[++i] == "v2" ? EtcdApi.V2 : EtcdApi.V3;
            break;
        default:
            Console.Error.WriteLine("Arguments: [--store v2] [--seed N] [--minutes M] | [--store v2] --self-test");
            return 2;
    }
}

// However this program ends, its child processes must end with it.
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
if (api == EtcdApi.V2 && !EtcdBinary.ServesV2(etcd))
{
    Console.Error.WriteLine($"{etcd} has no v2 keys API, which etcd 3.6 removed: set ETCD_BIN to an etcd 3.4 or 3.5.");
    return 2;
}

try
{
    var passed = selfTest
        ? await SelfTest.RunAsync(etcd, api, stopping.Token)
        : await ChaosRun.RunAsync(etcd, api, seed, TimeSpan.FromMinutes(minutes), stopping.Token);
    return passed ? 0 : 1;
}
catch (NotSupportedException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Console.WriteLine("Stopped early.");
    return 1;
}
