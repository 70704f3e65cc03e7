using System.Diagnostics.Metrics;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.Transport;

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
        // A listener of the application's that throws would fail every request.
        MeterFactory = Unheard.Instance,
    };

    /// <summary>Makes meters that no listener hears.</summary>
    private sealed class Unheard : IMeterFactory
    {
        public static readonly Unheard Instance = new();

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            // The instruments of a disposed meter work, and are never published.
            meter.Dispose();
            return meter;
        }

        public void Dispose()
        {
        }
    }
}
