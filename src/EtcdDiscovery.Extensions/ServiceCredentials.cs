using System.Net.Http.Headers;
using System.Text;

namespace EtcdDiscovery;

/// <summary>The user and password that callers of a service authenticate with.</summary>
/// <param name="User">The user name.</param>
/// <param name="Password">The password; may be empty.</param>
/// <remarks>Prints as redacted, so that it can stand in a log or a debugger without giving anything away.</remarks>
public sealed record ServiceCredentials(string User, string Password)
{
    /// <summary>Both as an HTTP header says them (RFC 7617).</summary>
    internal AuthenticationHeaderValue ToBasic() => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")));

    /// <summary>Returns the same text for every user and password.</summary>
    /// <returns>A text without user and password.</returns>
    public override string ToString() => "ServiceCredentials { redacted }";
}
