using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>Decides how the instances of a service agree on its description and, if it is public, on its credentials.</summary>
/// <remarks>
/// As in Go, the last public instance to register describes the service. Unlike in Go, a private instance never replaces a public
/// description. A description that is private or unreadable never clears an instance's credentials; a public one without credentials clears
/// only those of instances with <see cref="CredentialPolicy.Overwrite"/>, as in Go.
/// </remarks>
internal static class DescriptionMergePolicy
{
    /// <summary>The credentials of an instance, given the existing description.</summary>
    public static ServiceCredentials? AgreeOnCredentials(
        ServiceInstance ours, DescriptionWriteMode writeMode, CredentialPolicy policy, ServiceInfo? theirs) =>
        ours.Public && writeMode != DescriptionWriteMode.Overwrite && theirs is { Public: true }
        && (theirs.Credentials is not null || policy == CredentialPolicy.Overwrite)
            ? theirs.Credentials
            : ours.Credentials;

    /// <summary>The description to write; null to keep the existing one.</summary>
    /// <param name="ours">The description of this instance, with the agreed credentials.</param>
    /// <param name="writeMode">How this instance writes descriptions.</param>
    /// <param name="existing">The existing description; null if there is none.</param>
    public static StorePut? PlanWrite(ServiceInfo ours, DescriptionWriteMode writeMode, StoreEntry? existing)
    {
        var value = ServiceJson.Encode(ours);
        if (existing is not { } entry)
        {
            return Put(expectedRevision: 0);
        }

        var readable = ServiceJson.TryDecode(ours.Name, entry.Value, out ServiceInfo? theirs, out _);
        if (entry.Value.Span.SequenceEqual(value) || (theirs is { Public: true } && !ours.Public))
        {
            return null;
        }

        var repairs = !readable || (ours.Public && !theirs!.Public) || (ours.Credentials is not null && theirs!.Credentials is null);
        return repairs || writeMode != DescriptionWriteMode.EnsureExists ? Put(entry.Revision) : null;

        StorePut Put(long expectedRevision) =>
            new(ServiceKeys.Description(ours.Name), value) { IsDurable = true, ExpectedRevision = expectedRevision };
    }
}
