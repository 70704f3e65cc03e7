namespace EtcdDiscovery;

/// <summary>The user and password that callers of a service authenticate with.</summary>
/// <param name="User">The user name.</param>
/// <param name="Password">The password; may be empty.</param>
/// <remarks>Prints as redacted, so that it can stand in a log or a debugger without giving anything away.</remarks>
public sealed record ServiceCredentials(string User, string Password)
{
    /// <summary>Returns the same text for every user and password.</summary>
    /// <returns>A text without user and password.</returns>
    public override string ToString() => "ServiceCredentials { redacted }";
}
