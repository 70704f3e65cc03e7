using System.Net.Http.Headers;
using System.Text;

namespace EtcdDiscovery.Primitives;

/// <summary>Creates headers for HTTP basic authentication (RFC 7617).</summary>
internal static class BasicAuthentication
{
    /// <summary>Why callers cannot authenticate as a user; null if they can.</summary>
    public static string? DescribeBadUser(string? user) => user?.Contains(':', StringComparison.Ordinal) == true
        ? $"is '{LogSanitizer.Sanitize(user)}': it must not contain ':', which ends the user in HTTP basic authentication (RFC 7617, 2)."
        : null;

    public static AuthenticationHeaderValue HeaderOf(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
}
