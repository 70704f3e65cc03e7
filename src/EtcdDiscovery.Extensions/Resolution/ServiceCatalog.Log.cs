using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class ServiceCatalog
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Service {Service} is not watched any more: nobody asked for it for {IdleTimeout}", EventName = "Forgotten")]
        public static partial void Forgotten(ILogger logger, string service, TimeSpan idleTimeout);
    }
}
