using System.CommandLine;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tool.Doctor;
using EtcdDiscovery.Transport;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Spectre.Console;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Finds out why discovery does not work, and suggests fixes.</summary>
internal sealed class DoctorCommand : Command
{
    public DoctorCommand(SettingsOptions settings)
        : base("doctor", "Checks etcd, your permissions and what is registered, and suggests fixes. Changes nothing.") =>
        SetAction((parsed, cancellationToken) => settings.RunAsync(
            parsed,
            async (services, output) => Write(await CheckAsync(services, cancellationToken), output),
            cancellationToken,
            LogLevel.None));

    private static async Task<IReadOnlyList<Finding>> CheckAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var options = services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value;
        var findings = new List<Finding>();
        var members = options.Etcd.Endpoints.Select(endpoint => new EtcdMember(EtcdAddress.Parse(endpoint), options.Etcd)).ToList();
        try
        {
            var checks = members.ConvertAll(member => new EndpointChecks(member, options.Store));
            var results = await Task.WhenAll(checks.Zip(members, async (check, member) =>
            {
                var certificates = await CertificateChecks.RunAsync(member.Address, options.Etcd, cancellationToken);
                return (IReadOnlyList<Finding>)[.. await check.RunAsync(cancellationToken), .. certificates];
            }));
            findings.AddRange(results.SelectMany(result => result));
            findings.AddRange(CheckClusters(checks));
            if (checks.FindIndex(check => check.IsUsable) is >= 0 and var usable)
            {
                findings.AddRange(await CheckAccessAsync(members[usable], options, cancellationToken));
                findings.AddRange(await CheckRegistryAsync(services, options, findings, cancellationToken));
            }
        }
        finally
        {
            members.ForEach(member => member.Dispose());
        }

        return findings;
    }

    private static IEnumerable<Finding> CheckClusters(List<EndpointChecks> checks)
    {
        var clusters = checks.Select(check => check.ClusterId).Where(id => id != 0).Distinct().Count();
        return clusters < 2 ? [] :
        [
            Finding.Problem(
                "cluster", "", $"the endpoints belong to {clusters} different clusters", "list only the members of one cluster in EtcdDiscovery:Etcd:Endpoints"),
        ];
    }

    private static Task<IReadOnlyList<Finding>> CheckAccessAsync(EtcdMember member, EtcdDiscoveryOptions options, CancellationToken cancellationToken)
    {
        string[] prefixes = [options.KeyPrefix + ServiceKeys.Instances, options.KeyPrefix + ServiceKeys.Descriptions];
        return options.Store == DiscoveryStoreKind.EtcdV2
            ? new V2AccessChecks(member, options).RunAsync(prefixes, cancellationToken)
            : new AccessChecks(member, options).RunAsync(prefixes, cancellationToken);
    }

    private static async Task<IReadOnlyList<Finding>> CheckRegistryAsync(
        IServiceProvider services, EtcdDiscoveryOptions options, List<Finding> findings, CancellationToken cancellationToken)
    {
        try
        {
            var checks = new RegistryChecks(
                services.GetRequiredService<IDiscoveryStore>(), services.GetRequiredService<IServiceResolver>(), options.KeyPrefix ?? "");
            return await checks.RunAsync(cancellationToken);
        }
        catch (EtcdDiscoveryException) when (findings.Exists(finding => finding.Severity == Severity.Problem))
        {
            // Another finding gives the reason.
            return [];
        }
    }

    private static int Write(IReadOnlyList<Finding> findings, Output output)
    {
        var problems = findings.Count(finding => finding.Severity == Severity.Problem);
        if (output.IsJson)
        {
            Output.WriteJson(new DoctorDocument(
                problems,
                findings.Count(finding => finding.Severity == Severity.Warning),
                [.. findings.Select(finding => new CheckDocument(
                    Output.NameOf(finding.Severity), finding.Check, finding.Subject, finding.Message, finding.Fix))]));
        }
        else
        {
            foreach (var finding in findings)
            {
                var subject = finding.Subject.Length > 0 ? $"{finding.Subject}: " : "";
                var fix = finding.Fix is null ? "" : $". Fix: {finding.Fix}";
                output.WriteLine($"{Output.NameOf(finding.Severity),-7}  {finding.Check,-14}  {subject}{finding.Message}{fix}", finding.Severity switch
                {
                    Severity.Problem => Color.Red,
                    Severity.Warning => Color.Yellow,
                    _ => null,
                });
            }

            var warnings = findings.Count(finding => finding.Severity == Severity.Warning);
            output.WriteLine(problems + warnings == 0 ? "No problem was found." : $"Problems: {problems}. Warnings: {warnings}.");
        }

        return problems > 0 ? ExitCode.ProblemsFound : ExitCode.Ok;
    }
}
