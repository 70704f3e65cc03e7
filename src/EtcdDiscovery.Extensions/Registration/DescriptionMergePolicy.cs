using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>How the hosts of a service agree on its description and, when it is public, on its credentials.</summary>
/// <remarks>
/// As in Go the last public host to register describes the service. Unlike in Go a private host never replaces a public
/// description. A description that is private or unreadable empties no host's credentials; one that is public but without
/// credentials empties only those of hosts with <see cref="CredentialPolicy.Overwrite"/>, as Go's hosts do.
/// </remarks>
internal static class DescriptionMergePolicy
{
    /// <summary>The credentials that a host has after looking at the description that is there.</summary>
    public static ServiceCredentials? AgreeOnCredentials(
        ServiceInstance ours, DescriptionWriteMode writeMode, CredentialPolicy policy, ServiceInfo? theirs) =>
        ours.Public && writeMode != DescriptionWriteMode.Overwrite && theirs is { Public: true }
        && (theirs.Credentials is not null || policy == CredentialPolicy.Overwrite)
            ? theirs.Credentials
            : ours.Credentials;

    /// <summary>What to write in place of the description that is there; null to leave it.</summary>
    /// <param name="ours">What this host says, with the credentials agreed on.</param>
    /// <param name="writeMode">What this host wants.</param>
    /// <param name="existing">What stands there; null when nothing does.</param>
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

        var mends = !readable || (ours.Public && !theirs!.Public) || (ours.Credentials is not null && theirs!.Credentials is null);
        return mends || writeMode != DescriptionWriteMode.EnsureExists ? Put(entry.Revision) : null;

        StorePut Put(long expectedRevision) =>
            new(ServiceKeys.Description(ours.Name), value) { IsDurable = true, ExpectedRevision = expectedRevision };
    }
}
