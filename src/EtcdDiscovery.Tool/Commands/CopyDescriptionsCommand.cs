using System.CommandLine;
using System.Text.Json;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Copies the descriptions of services from one store to another. Instances belong to leases, and are never copied.</summary>
internal sealed class CopyDescriptionsCommand : Command
{
    private static readonly TimeSpan SessionTime = TimeSpan.FromMinutes(1);

    private readonly StoreOption _from = new("--from", "The store to read: Etcd or EtcdV2.") { Required = true };

    private readonly StoreOption _to = new("--to", "The store to write: Etcd or EtcdV2.") { Required = true };

    private readonly Option<string?> _toEndpoints = new("--to-endpoints")
    {
        Description = "The endpoints of the store to write, if it is in another etcd cluster.",
        HelpName = "URLS",
    };

    private readonly Option<bool> _apply = new("--apply") { Description = "Writes the copies. Without this option, the command only shows what it would do." };

    public CopyDescriptionsCommand(SettingsOptions settings)
        : base("copy-descriptions", "Copies the descriptions of services from one store to another, for example to migrate a fleet.")
    {
        Options.Add(_from);
        Options.Add(_to);
        Options.Add(_toEndpoints);
        Options.Add(_apply);
        SetAction((parsed, cancellationToken) => CopyAsync(settings, parsed, cancellationToken));
    }

    private async Task<int> CopyAsync(SettingsOptions settings, ParseResult parsed, CancellationToken cancellationToken)
    {
        var (from, to, toEndpoints) = (parsed.GetRequiredValue(_from)!.Value, parsed.GetRequiredValue(_to)!.Value, parsed.GetValue(_toEndpoints));
        if (from == to && toEndpoints is null)
        {
            throw new UsageException($"--from and --to are both '{from}': name two different stores, or another etcd cluster with --to-endpoints.");
        }

        using var source = settings.BuildHost(parsed, LogLevel.None, options => options.Store = from);
        using var target = settings.BuildHost(parsed, LogLevel.None, options =>
        {
            options.Store = to;
            options.Etcd.Endpoints = toEndpoints is null ? options.Etcd.Endpoints : SettingsOptions.SplitEndpoints(toEndpoints);
        });
        var prefix = source.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value.KeyPrefix + ServiceKeys.Descriptions;
        var range = StoreRange.Prefix(prefix);
        var (reader, writer) = (source.Services.GetRequiredService<IDiscoveryStore>(), target.Services.GetRequiredService<IDiscoveryStore>());
        var present = (await writer.ReadAsync([range], cancellationToken)).Entries.ToDictionary(entry => entry.Key, entry => entry.Value);
        var copies = (await reader.ReadAsync([range], cancellationToken)).Entries
            .Select(entry => (Entry: entry, Verdict: Judge(entry, present)))
            .ToList();
        if (parsed.GetValue(_apply))
        {
            copies = await ApplyAsync(writer, copies, cancellationToken);
        }

        Write(copies.ConvertAll(copy => (copy.Entry.Key[prefix.Length..], copy.Verdict)), parsed.GetValue(_apply), settings.CreateOutput(parsed));
        return copies.Exists(copy => copy.Verdict is Verdict.Differs or Verdict.Unreadable) ? ExitCode.ProblemsFound : ExitCode.Ok;
    }

    private static Verdict Judge(StoreEntry entry, Dictionary<string, ReadOnlyMemory<byte>> present) =>
        !IsJsonObject(entry.Value) ? Verdict.Unreadable
        : !present.TryGetValue(entry.Key, out var value) ? Verdict.Missing
        : value.Span.SequenceEqual(entry.Value.Span) ? Verdict.Same
        : Verdict.Differs;

    private static async Task<List<(StoreEntry Entry, Verdict Verdict)>> ApplyAsync(
        IDiscoveryStore writer, List<(StoreEntry Entry, Verdict Verdict)> copies, CancellationToken cancellationToken)
    {
        await using var session = await writer.OpenSessionAsync(SessionTime, cancellationToken);
        var results = new List<(StoreEntry, Verdict)>();
        foreach (var (entry, verdict) in copies)
        {
            // If a host has written a description in the meantime, it is kept.
            var put = new StorePut(entry.Key, entry.Value) { IsDurable = true, ExpectedRevision = 0 };
            results.Add((entry, verdict != Verdict.Missing ? verdict
                : await session.TryPutAsync([put], cancellationToken) is null ? Verdict.Differs
                : Verdict.Copied));
        }

        await session.CloseAsync(cancellationToken);
        return results;
    }

    private static void Write(List<(string Name, Verdict Verdict)> services, bool isApplied, Output output)
    {
        if (output.IsJson)
        {
            Output.WriteJson(new CopyDocument(isApplied, services.ConvertAll(service => new CopiedService(service.Name, Output.NameOf(service.Verdict)))));
            return;
        }

        output.WriteTable(["SERVICE", "RESULT"], services.Select(service => new[] { service.Name, Describe(service.Verdict) }));
        if (!isApplied && services.Exists(service => service.Verdict == Verdict.Missing))
        {
            Output.WriteNote("Nothing was written. Add --apply to copy.");
        }
    }

    private static string Describe(Verdict verdict) => verdict switch
    {
        Verdict.Missing => "to be copied",
        Verdict.Copied => "copied",
        Verdict.Same => "already present",
        Verdict.Differs => "a different description is present and is kept",
        _ => "unreadable, not copied",
    };

    private static bool IsJsonObject(ReadOnlyMemory<byte> value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private enum Verdict
    {
        Missing,
        Copied,
        Same,
        Differs,
        Unreadable,
    }
}
