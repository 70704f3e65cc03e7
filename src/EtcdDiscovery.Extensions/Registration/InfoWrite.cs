using EtcdDiscovery.Model;

namespace EtcdDiscovery.Registration;

/// <summary>Decides whether a registration writes its service's description.</summary>
internal static class InfoWrite
{
    /// <summary>What to write over what stands there; null to leave it.</summary>
    /// <remarks>
    /// As in Go the last public host to register describes the service. Unlike in Go a private host never takes a
    /// public description away: callers would lose the service's URL and credentials.
    /// </remarks>
    public static StorePut? Decide(ServiceInfo ours, StoreEntry? existing)
    {
        var key = ServiceKeys.Info(ours.Name);
        var value = ServiceJson.Encode(ours);
        if (existing is not { } entry)
        {
            return new StorePut(key, value) { IsDurable = true, ExpectedRevision = 0 };
        }

        var isPublic = ServiceJson.TryDecode(ours.Name, entry.Value, out ServiceInfo? theirs) && theirs.Public;
        return entry.Value.Span.SequenceEqual(value) || (isPublic && !ours.Public)
            ? null
            : new StorePut(key, value) { IsDurable = true, ExpectedRevision = entry.Revision };
    }
}
