using System.Net.Http.Headers;
using System.Text;

namespace EtcdDiscovery.Primitives;

/// <summary>Creates headers for HTTP basic authentication (RFC 7617).</summary>
internal static class BasicAuthentication
{
    public static AuthenticationHeaderValue HeaderOf(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
}
