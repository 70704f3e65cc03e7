using System.CommandLine;
using EtcdDiscovery.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Tells which instances a query selects, and why it leaves out the others.</summary>
internal sealed class ExplainCommand : Command
{
    private readonly Argument<string> _name = new("NAME") { Description = "The service." };

    private readonly Option<string?> _shard = new("--shard") { Description = "The shard that instances must serve.", HelpName = "SHARD" };

    private readonly Option<string?> _preferredShard = new("--preferred-shard") { Description = "The shard to prefer.", HelpName = "SHARD" };

    private readonly Option<string?> _preferredZone = new("--preferred-zone")
    {
        Description = "The zone to prefer. Defaults to the setting PreferredZone.",
        HelpName = "ZONE",
    };

    private readonly Option<string?> _scheme = new("--scheme") { Description = "The scheme that a port is needed for.", HelpName = "SCHEME" };

    private readonly Option<bool> _private = new("--private") { Description = "Looks for that port in the private network." };

    public ExplainCommand(SettingsOptions settings)
        : base("explain", "Tells which instances a query selects, and why it leaves out the others.")
    {
        Arguments.Add(_name);
        Options.Add(_shard);
        Options.Add(_preferredShard);
        Options.Add(_preferredZone);
        Options.Add(_scheme);
        Options.Add(_private);
        SetAction((parsed, cancellationToken) => settings.RunAsync(
            parsed,
            async (services, output) =>
            {
                var query = new ServiceQuery
                {
                    Shard = parsed.GetValue(_shard),
                    PreferredShard = parsed.GetValue(_preferredShard),
                    PreferredZone = parsed.GetValue(_preferredZone),
                    Scheme = parsed.GetValue(_scheme),
                    Network = parsed.GetValue(_private) ? ServiceNetwork.Private : ServiceNetwork.Public,
                };
                var name = parsed.GetValue(_name)!;
                var explanation = await services.GetRequiredService<IDiscoveryDiagnostics>().ExplainAsync(name, query, cancellationToken);
                return Write(explanation, name, query, output);
            },
            cancellationToken));
    }

    private static int Write(ServiceExplanation explanation, string name, ServiceQuery query, Output output)
    {
        if (!explanation.Snapshot.Exists)
        {
            throw new ServiceNotFoundException(name);
        }

        if (output.IsJson)
        {
            Output.WriteJson(new ExplanationDocument(
                name,
                explanation.Snapshot.UnreadableEntries,
                [.. explanation.Instances.Select(one => new ExplainedInstance(
                    InstanceDocument.From(one.Instance), one.IsCandidate, [.. ExclusionsOf(one).Select(exclusion => Output.NameOf(exclusion))]))]));
        }
        else
        {
            output.WriteTable(
                ["INSTANCE", "CANDIDATE", "LEFT OUT BECAUSE"],
                explanation.Instances.Select(one => new[]
                {
                    one.Instance.Id,
                    one.IsCandidate ? "yes" : "no",
                    string.Join("; ", ExclusionsOf(one).Select(exclusion => Describe(exclusion, one.Instance, query))),
                }));
        }

        Output.NoteUnreadable(explanation.Snapshot);

        return explanation.Instances.Any(one => one.IsCandidate) ? ExitCode.Ok : ExitCode.NotFound;
    }

    private static IEnumerable<InstanceExclusions> ExclusionsOf(InstanceExplanation instance) => Enum.GetValues<InstanceExclusions>()
        .Where(exclusion => exclusion != InstanceExclusions.None && instance.Exclusions.HasFlag(exclusion));

    private static string Describe(InstanceExclusions exclusion, ServiceInstance instance, ServiceQuery query) => exclusion switch
    {
        InstanceExclusions.Status => $"its status is {InstanceDocument.StatusOf(instance)}"
            + (instance.StatusReason is { } reason ? $" ({reason})" : ""),
        InstanceExclusions.Shard => $"it serves {ShardOf(instance)}, not '{query.Shard}'",
        InstanceExclusions.PreferredShard => $"it serves {ShardOf(instance)}, and others serve '{query.PreferredShard}'",
        InstanceExclusions.PreferredZone => $"it is in {(instance.Zone is { } zone ? $"zone '{zone}'" : "no zone")}, and others are in the preferred zone",
        InstanceExclusions.Port => $"it has no port for {query.Scheme}, only {PortsIn(query.Network, instance)}",
        _ => Output.NameOf(exclusion),
    };

    private static string ShardOf(ServiceInstance instance) => instance.Shard is { } shard ? $"shard '{shard}'" : "no shard";

    private static string PortsIn(ServiceNetwork network, ServiceInstance instance)
    {
        var ports = network == ServiceNetwork.Private ? instance.PrivatePorts ?? instance.Ports : instance.Ports ?? instance.PrivatePorts;
        return ports is { Count: > 0 } ? Output.Join(ports) : "none";
    }
}
