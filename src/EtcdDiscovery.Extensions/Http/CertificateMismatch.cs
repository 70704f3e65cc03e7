using System.Net.Security;
using System.Security.Authentication;

namespace EtcdDiscovery.Http;

/// <summary>Explains the refusal of an instance's certificate that is not valid for the host name of the request.</summary>
internal static class CertificateMismatch
{
    /// <summary>Creates an error that names the host name that was checked, and the setting that chose it.</summary>
    /// <param name="error">The error of an attempt.</param>
    /// <param name="call">The request, as it was sent.</param>
    /// <returns>Null if the error has another cause.</returns>
    public static HttpRequestException? Explain(Exception error, Call call)
    {
        // SslStream gives the reason only in its message: the name of the flag, which is not localized.
        if (error is not HttpRequestException { InnerException: AuthenticationException refusal }
            || !refusal.Message.Contains(nameof(SslPolicyErrors.RemoteCertificateNameMismatch), StringComparison.Ordinal))
        {
            return null;
        }

        var uri = call.Request.RequestUri!;
        var service = call.Route.Service;
        var header = call.Request.Headers.Host;
        var problem = header is null
            ? $"'{uri.IdnHost}', the host name that the instance registered. {Remedy(HttpHostName.Service, service)}"
            : ReferenceEquals(header, call.Route.HostHeader)
            ? $"'{header}', the name of the service. {Remedy(HttpHostName.Instance, uri.IdnHost)}"
            : $"'{header}', the Host header of the request.";
        return new HttpRequestException(
            HttpRequestError.SecureConnectionError,
            $"The certificate of {uri.GetLeftPart(UriPartial.Authority)}, an instance of service '{service}', is not valid for {problem}",
            error);
    }

    private static string Remedy(HttpHostName other, string? name) =>
        $"Add that name to the certificate, or set {nameof(HttpDiscoveryOptions.HostName)} to {other} if the certificate is valid for '{name}'.";
}
