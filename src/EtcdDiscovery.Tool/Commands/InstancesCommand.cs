using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Lists the instances of a service, whatever their status.</summary>
internal sealed class InstancesCommand : Command
{
    private static readonly string[] Headings = ["INSTANCE", "HOST", "PORTS", "STATUS", "ZONE", "SHARD", "WEIGHT"];

    private readonly Argument<string> _name = new("NAME") { Description = "The service." };

    private readonly Option<string?> _shard = new("--shard") { Description = "Lists only instances of this shard.", HelpName = "SHARD" };

    private readonly Option<bool> _watch = new("--watch") { Description = "Follows the service until it is interrupted." };

    private readonly Option<bool> _showCredentials = new("--show-credentials") { Description = "Shows users and passwords." };

    public InstancesCommand(SettingsOptions settings)
        : base("instances", "Lists the instances of a service.")
    {
        Arguments.Add(_name);
        Options.Add(_shard);
        Options.Add(_watch);
        Options.Add(_showCredentials);
        SetAction((parsed, cancellationToken) => settings.RunAsync(
            parsed,
            (services, output) => ListAsync(services.GetRequiredService<IServiceResolver>(), parsed, output, cancellationToken),
            cancellationToken,
            parsed.GetValue(_watch) ? LogLevel.Warning : LogLevel.None));
    }

    private async Task<int> ListAsync(IServiceResolver resolver, ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        var name = parsed.GetValue(_name)!;
        var shard = parsed.GetValue(_shard);
        var withCredentials = parsed.GetValue(_showCredentials);
        var snapshot = await resolver.GetSnapshotAsync(name, cancellationToken: cancellationToken);
        if (parsed.GetValue(_watch))
        {
            return await FollowAsync(resolver, name, shard, withCredentials, output, cancellationToken);
        }

        if (!snapshot.Exists)
        {
            throw new ServiceNotFoundException(name);
        }

        var instances = Select(snapshot, shard);
        if (output.IsJson)
        {
            Output.WriteJson(DocumentOf(snapshot, instances, withCredentials));
        }
        else if (instances.Count > 0)
        {
            output.WriteTable(HeadingsOf(withCredentials), RowsOf(instances, withCredentials));
        }

        Output.NoteUnreadable(snapshot);

        if (instances.Count == 0)
        {
            Output.WriteNote($"Service '{name}' has no instance{(shard is null ? "" : $" on shard '{shard}'")}.");
        }

        return instances.Count > 0 ? ExitCode.Ok : ExitCode.NotFound;
    }

    private static async Task<int> FollowAsync(
        IServiceResolver resolver, string name, string? shard, bool withCredentials, Output output, CancellationToken cancellationToken)
    {
        try
        {
            if (output.IsLive)
            {
                await output.DrawAsync(draw => ForEachAsync(snapshot =>
                    draw(Output.CreateTable(HeadingsOf(withCredentials), RowsOf(Select(snapshot, shard), withCredentials)))));
            }
            else if (output.IsJson)
            {
                await ForEachAsync(snapshot => Output.WriteJsonLine(DocumentOf(snapshot, Select(snapshot, shard), withCredentials)));
            }
            else
            {
                await ForEachAsync(snapshot =>
                {
                    output.WriteTable(HeadingsOf(withCredentials), RowsOf(Select(snapshot, shard), withCredentials));
                    output.WriteLine("");
                });
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // An interruption is the only way to end it.
        }

        return ExitCode.Ok;

        async Task ForEachAsync(Action<ServiceSnapshot> show)
        {
            await foreach (var update in resolver.WatchAsync(name, cancellationToken))
            {
                show(update.Snapshot);
            }
        }
    }

    private static List<ServiceInstance> Select(ServiceSnapshot snapshot, string? shard) =>
        [.. snapshot.Instances.Where(instance => shard is null || instance.Shard == shard)];

    private static InstancesDocument DocumentOf(ServiceSnapshot snapshot, List<ServiceInstance> instances, bool withCredentials) =>
        new(snapshot.Service.Name, snapshot.UnreadableEntries, instances.ConvertAll(instance => InstanceDocument.From(instance, withCredentials)));

    private static string[] HeadingsOf(bool withCredentials) => withCredentials ? [.. Headings, "USER", "PASSWORD"] : Headings;

    private static IEnumerable<string?[]> RowsOf(List<ServiceInstance> instances, bool withCredentials) => instances.Select(instance =>
    {
        var status = InstanceDocument.StatusOf(instance) + (instance.StatusReason is { } reason ? $" ({reason})" : "");
        string?[] row =
        [
            instance.Id, InstanceDocument.HostOf(instance), InstanceDocument.PortsOf(instance), status,
            instance.Zone, instance.Shard, Output.Number(instance.Weight),
        ];
        return withCredentials ? [.. row, instance.Credentials?.User, instance.Credentials?.Password] : row;
    });
}
