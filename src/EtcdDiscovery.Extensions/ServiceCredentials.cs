using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>The user and password that callers of a service authenticate with. Immutable.</summary>
/// <remarks>
/// <see cref="ToString"/> returns the same text for all credentials, and JSON contains neither user nor password, so that logs, debuggers
/// and responses cannot disclose them by accident.
/// </remarks>
public sealed record ServiceCredentials
{
    /// <summary>Creates credentials.</summary>
    /// <param name="user">The user name.</param>
    /// <param name="password">The password; may be empty.</param>
    public ServiceCredentials(string user, string password)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(password);
        User = user;
        Password = password;
    }

    /// <summary>The user name.</summary>
    [JsonIgnore]
    public string User { get; }

    /// <summary>The password; may be empty.</summary>
    [JsonIgnore]
    public string Password { get; }

    /// <summary>Returns the same text for every user and password.</summary>
    /// <returns>Text without user and password.</returns>
    public override string ToString() => "ServiceCredentials { redacted }";
}
