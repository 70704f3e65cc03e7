using EtcdDiscovery.Stores.Tls;

namespace EtcdDiscovery.Stores;

/// <summary>How every store that speaks HTTP connects: with the settings' time limit and certificates, and nothing from the environment.</summary>
internal static class StoreHttp
{
    /// <summary>A handler for one endpoint; the caller disposes it.</summary>
    public static SocketsHttpHandler NewHandler(EtcdOptions options, TlsConnector connector) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        ConnectCallback = connector.ConnectAsync,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // Requests may last for days: an activity around each, and its headers, would say nothing.
        ActivityHeadersPropagator = null,
    };
}
