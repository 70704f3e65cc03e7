using EtcdDiscovery.Model;

namespace EtcdDiscovery.Registration;

/// <summary>How the hosts of a service agree on its description and, when it is public, on its credentials.</summary>
/// <remarks>
/// As in Go the last public host to register describes the service. Unlike in Go a private host never takes a public
/// description away, and a description that is private, unreadable or without credentials empties nobody's.
/// </remarks>
internal static class InfoRules
{
    /// <summary>The credentials that a host has after looking at the description that is there.</summary>
    public static ServiceCredentials? Agree(ServiceInstance ours, InfoIntent intent, ServiceInfo? theirs) =>
        ours.Public && intent != InfoIntent.Claim && theirs is { Public: true, Credentials: { } shared }
            ? shared
            : ours.Credentials;

    /// <summary>What to write in place of the description that is there; null to leave it.</summary>
    /// <param name="ours">What this host says, with the credentials agreed on.</param>
    /// <param name="intent">What this host wants.</param>
    /// <param name="existing">What stands there; null when nothing does.</param>
    public static StorePut? Write(ServiceInfo ours, InfoIntent intent, StoreEntry? existing)
    {
        var value = ServiceJson.Encode(ours);
        if (existing is not { } entry)
        {
            return Put(expectedRevision: 0);
        }

        var readable = ServiceJson.TryDecode(ours.Name, entry.Value, out ServiceInfo? theirs);
        if (entry.Value.Span.SequenceEqual(value) || (theirs is { Public: true } && !ours.Public))
        {
            return null;
        }

        var mends = !readable || (ours.Public && !theirs!.Public) || (ours.Credentials is not null && theirs!.Credentials is null);
        return mends || intent != InfoIntent.Keep ? Put(entry.Revision) : null;

        StorePut Put(long expectedRevision) =>
            new(ServiceKeys.Info(ours.Name), value) { IsDurable = true, ExpectedRevision = expectedRevision };
    }
}
