using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Whose user and password a public service's hosts share when they differ.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CredentialPolicy>))]
public enum CredentialPolicy
{
    /// <summary>
    /// A host whose own were configured writes them when it registers; any other host takes what is there, and writes
    /// its own only when nothing is.
    /// </summary>
    Share,

    /// <summary>
    /// The last host to register writes its own, even none at all, and all take what is there. This is what Go's hosts
    /// do. Hosts that <see cref="Share"/> never give theirs up for none: they write them again.
    /// </summary>
    Overwrite,
}
