using System.Diagnostics.Metrics;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.Transport;

/// <summary>
/// Creates the HTTP handlers of stores, with the configured timeout and certificates. Proxy settings in the environment have no effect.
/// </summary>
internal static class StoreHttp
{
    /// <summary>Creates the handler for one endpoint. The caller disposes the handler.</summary>
    public static SocketsHttpHandler NewHandler(EtcdOptions options, TlsConnector connector) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        ConnectCallback = connector.ConnectAsync,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // Requests may last for days, so tracing them would be useless.
        ActivityHeadersPropagator = null,
        // Otherwise, a meter listener that throws would fail every request.
        MeterFactory = UnpublishedMeters.Instance,
    };

    /// <summary>Creates meters that are never published.</summary>
    private sealed class UnpublishedMeters : IMeterFactory
    {
        public static readonly UnpublishedMeters Instance = new();

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            // The instruments of a disposed meter still work, but are never published.
            meter.Dispose();
            return meter;
        }

        public void Dispose()
        {
        }
    }
}
