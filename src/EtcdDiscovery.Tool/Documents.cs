using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Tool;

internal sealed record ServicesDocument(IReadOnlyList<ServiceCount> Services);

internal sealed record ServiceCount(string Name, int Instances, int Serving);

internal sealed record InstancesDocument(string Service, int UnreadableEntries, IReadOnlyList<InstanceDocument> Instances);

internal sealed record ChangeDocument(DateTime Time, string Change, string? Reason, InstanceDocument Instance);

internal sealed record ExplanationDocument(string Service, int UnreadableEntries, IReadOnlyList<ExplainedInstance> Instances);

internal sealed record ExplainedInstance(InstanceDocument Instance, bool Candidate, IReadOnlyList<string> Exclusions);

internal sealed record UriDocument(string Uri);

internal sealed record DoctorDocument(int Problems, int Warnings, IReadOnlyList<CheckDocument> Checks);

internal sealed record CheckDocument(string Severity, string Check, string Subject, string Message, string? Fix);

internal sealed record CopyDocument(bool Applied, IReadOnlyList<CopiedService> Services);

internal sealed record CopiedService(string Name, string Result);

internal sealed record RegistrationStateDocument(DateTime Time, string Service, string Instance, string State);

/// <summary>The JSON of all commands. Generated, so that the tool can be compiled ahead of time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServicesDocument))]
[JsonSerializable(typeof(InstancesDocument))]
[JsonSerializable(typeof(ChangeDocument))]
[JsonSerializable(typeof(ExplanationDocument))]
[JsonSerializable(typeof(UriDocument))]
[JsonSerializable(typeof(DoctorDocument))]
[JsonSerializable(typeof(CopyDocument))]
[JsonSerializable(typeof(RegistrationStateDocument))]
internal sealed partial class DocumentsContext : JsonSerializerContext;
