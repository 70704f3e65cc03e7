using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class ServiceCatalog
{
    private static partial class Log
    {
        [LoggerMessage(8, LogLevel.Debug, "Service {Service} is no longer watched, because it was not used for {IdleTimeout}", EventName = "Forgotten")]
        public static partial void Forgotten(ILogger logger, string service, TimeSpan idleTimeout);

        [LoggerMessage(9, LogLevel.Warning, "A service could not be saved or removed from memory; other services are not affected: {Reason}", EventName = "UpkeepFailed")]
        public static partial void UpkeepFailed(ILogger logger, string reason);
    }
}
