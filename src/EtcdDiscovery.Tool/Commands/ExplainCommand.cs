using System.CommandLine;
using EtcdDiscovery.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Shows which instances a query selects, and why it leaves out the others.</summary>
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

    private readonly Option<string?> _scheme = new("--scheme") { Description = "The scheme for which instances must have a port.", HelpName = "SCHEME" };

    private readonly Option<bool> _private = new("--private") { Description = "Checks for a private port instead." };

    public ExplainCommand(SettingsOptions settings)
        : base("explain", "Shows which instances a query selects, and why it leaves out the others.")
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
                ["INSTANCE", "CANDIDATE", "REASON"],
                explanation.Instances.Select(one => new[]
                {
                    one.Instance.Id,
                    one.IsCandidate ? "yes" : "no",
                    string.Join("; ", one.Reasons),
                }));
        }

        Output.NoteUnreadable(explanation.Snapshot);
        if (query.Scheme is null)
        {
            Output.WriteNote("Ports were not checked: add --scheme, for instance --scheme http.");
        }

        return explanation.Instances.Any(one => one.IsCandidate) ? ExitCode.Ok : ExitCode.NotFound;
    }

    private static IEnumerable<InstanceExclusions> ExclusionsOf(InstanceExplanation instance) => Enum.GetValues<InstanceExclusions>()
        .Where(exclusion => exclusion != InstanceExclusions.None && instance.Exclusions.HasFlag(exclusion));
}
