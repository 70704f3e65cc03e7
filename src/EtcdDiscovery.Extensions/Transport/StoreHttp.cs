using System.Diagnostics.Metrics;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.Transport;

/// <summary>Creates the HTTP handlers of stores, with the configured timeout and certificates. Ignores the environment.</summary>
internal static class StoreHttp
{
    /// <summary>Creates the handler for one endpoint; the caller disposes it.</summary>
    public static SocketsHttpHandler NewHandler(EtcdOptions options, TlsConnector connector) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        ConnectCallback = connector.ConnectAsync,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // Requests may last for days, so activities around them would be useless.
        ActivityHeadersPropagator = null,
        // Otherwise a meter listener of the application that throws would fail every request.
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
