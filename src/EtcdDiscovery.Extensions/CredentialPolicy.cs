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
    /// The last instance to register writes its own credentials, even if it has none, and all others adopt them. Go's hosts do the same.
    /// Instances that use <see cref="Share"/> never replace their credentials with none: they write them again.
    /// </summary>
    Overwrite,
}
