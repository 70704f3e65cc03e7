using System.Security.Authentication;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>A secured connection that did not come about. The message says why, in words for people, and holds no secret.</summary>
internal sealed class TlsException(string message, Exception? innerException = null)
    : AuthenticationException(message, innerException);
