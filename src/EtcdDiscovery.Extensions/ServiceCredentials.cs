using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>The user and password that callers of a service authenticate with.</summary>
/// <param name="User">The user name.</param>
/// <param name="Password">The password; may be empty.</param>
/// <remarks>
/// <see cref="ToString"/> returns the same text for all credentials, and JSON contains neither user nor password, so that logs, debuggers
/// and responses cannot disclose them by accident.
/// </remarks>
public sealed record ServiceCredentials([property: JsonIgnore] string User, [property: JsonIgnore] string Password)
{
    /// <summary>Returns the same text for every user and password.</summary>
    /// <returns>Text without user and password.</returns>
    public override string ToString() => "ServiceCredentials { redacted }";
}
