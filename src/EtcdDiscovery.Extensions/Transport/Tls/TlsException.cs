using System.Security.Authentication;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>A TLS connection failed. The message says why, in plain language, and contains no secrets.</summary>
internal sealed class TlsException(string message, Exception? innerException = null)
    : AuthenticationException(message, innerException);
