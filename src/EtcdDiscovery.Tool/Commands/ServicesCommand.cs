using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Lists the services that have a description.</summary>
internal sealed class ServicesCommand : Command
{
    private const int Parallelism = 16;

    public ServicesCommand(SettingsOptions settings)
        : base("services", "Lists the services, and how many instances each has.") => SetAction((parsed, cancellationToken) => settings.RunAsync(
            parsed, (services, output) => ListAsync(services, output, cancellationToken), cancellationToken));

    private static async Task<int> ListAsync(IServiceProvider services, Output output, CancellationToken cancellationToken)
    {
        var resolver = services.GetRequiredService<IServiceResolver>();
        var names = await services.GetRequiredService<IServiceDirectory>().GetServiceNamesAsync(cancellationToken);
        var snapshots = new ServiceSnapshot[names.Count];
        var limit = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, names.Count, limit, async (index, token) =>
            snapshots[index] = await resolver.GetSnapshotAsync(names[index], cancellationToken: token));
        var rows = snapshots
            .Select(snapshot => new ServiceCount(
                snapshot.Service.Name,
                snapshot.Instances.Length,
                snapshot.Instances.Count(instance => instance.Status == ServiceStatus.Serving)))
            .ToList();
        if (output.IsJson)
        {
            Output.WriteJson(new ServicesDocument(rows));
        }
        else if (rows.Count > 0)
        {
            output.WriteTable(["SERVICE", "INSTANCES", "SERVING"], rows.Select(row => new[] { row.Name, $"{row.Instances}", $"{row.Serving}" }));
        }
        else
        {
            Output.WriteNote("There is no service. Is --key-prefix or --store wrong?");
        }

        return ExitCode.Ok;
    }
}
