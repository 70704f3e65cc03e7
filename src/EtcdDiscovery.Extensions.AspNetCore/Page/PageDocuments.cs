using System.Text.Json.Serialization;
using EtcdDiscovery.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.AspNetCore.Page;

/// <summary>A service in the list on the page.</summary>
internal sealed record ServiceSummary(
    string Name, bool IsWatched, SnapshotSource? Source, DateTimeOffset? AsOf, int Instances, int Serving, int Suspects, int UnreadableEntries)
{
    public static ServiceSummary Of(ServiceSnapshot snapshot) => new(
        snapshot.Service.Name,
        true,
        snapshot.Source,
        snapshot.AsOf,
        snapshot.Instances.Length,
        snapshot.Instances.Count(instance => instance.Status == ServiceStatus.Serving),
        snapshot.Suspects.Length,
        snapshot.UnreadableEntries);

    public static ServiceSummary Unwatched(string name) => new(name, false, null, null, 0, 0, 0, 0);
}

/// <summary>A service with all of its instances.</summary>
internal sealed record ServiceDetail(ServiceSummary Summary, bool Critical, bool Public, IReadOnlyList<InstanceDetail> Instances)
{
    public static ServiceDetail Of(ServiceExplanation explanation) => new(
        ServiceSummary.Of(explanation.Snapshot),
        explanation.Snapshot.Service.Critical,
        explanation.Snapshot.Service.Public,
        [.. explanation.Instances.Select(InstanceDetail.Of)]);
}

/// <summary>An instance, and what this process knows about picking it.</summary>
internal sealed record InstanceDetail(ServiceInstance Instance, bool IsCandidate, InstanceExclusions Exclusions)
{
    public DateTimeOffset? EjectedUntil { get; init; }

    public bool IsSuspect { get; init; }

    public int OutstandingCalls { get; init; }

    public static InstanceDetail Of(InstanceExplanation explanation) => new(explanation.Instance, explanation.IsCandidate, explanation.Exclusions)
    {
        EjectedUntil = explanation.EjectedUntil,
        IsSuspect = explanation.IsSuspect,
        OutstandingCalls = explanation.OutstandingCalls,
    };
}

/// <summary>What this process has registered, and its lease.</summary>
internal sealed record HostDocument(IReadOnlyList<RegistrationDocument> Registrations, LeaseDocument? Lease)
{
    public static HostDocument Of(IServiceProvider services)
    {
        var lease = services.GetRequiredService<IDiscoveryDiagnostics>().Lease;
        return new(
            [.. services.GetRequiredService<IServiceRegistry>().Registrations
                .Select(one => new RegistrationDocument(one.ServiceName, one.InstanceId, one.State, one.Status))],
            lease is null ? null : new(lease.TimeToLive.TotalSeconds, Math.Round(lease.Age.TotalSeconds), lease.Failure));
    }
}

internal sealed record RegistrationDocument(string ServiceName, string InstanceId, RegistrationState State, ServiceStatus Status);

/// <summary>The lease, with times in seconds.</summary>
internal sealed record LeaseDocument(double TimeToLive, double Age, string? Failure);

/// <summary>What has changed in the list of services.</summary>
internal sealed record ServicesChange(IReadOnlyList<ServiceSummary> Changed, IReadOnlyList<string> Removed);

internal sealed record ErrorDocument(string Error);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<ServiceSummary>))]
[JsonSerializable(typeof(ServiceDetail))]
[JsonSerializable(typeof(HostDocument))]
[JsonSerializable(typeof(ServicesChange))]
[JsonSerializable(typeof(List<DiscoveryEvent>))]
[JsonSerializable(typeof(ErrorDocument))]
internal sealed partial class PageJsonContext : JsonSerializerContext;
