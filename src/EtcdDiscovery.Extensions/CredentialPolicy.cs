using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Decides which user and password the instances of a public service share when their configurations differ.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CredentialPolicy>))]
public enum CredentialPolicy
{
    /// <summary>
    /// An instance with configured credentials writes them when it registers. Any other instance adopts the existing credentials, and
    /// writes its own only if there are none.
    /// </summary>
    Share,

    /// <summary>
    /// The last instance to register replaces the credentials with its own, or removes them if it has none. All other instances adopt the
    /// result. Go's hosts do the same. Instances that use <see cref="Share"/> never give up their credentials: if another instance removes
    /// them, they write them again.
    /// </summary>
    Overwrite,
}
