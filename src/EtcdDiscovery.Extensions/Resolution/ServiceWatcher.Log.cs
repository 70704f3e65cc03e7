using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class ServiceWatcher
{
    private static partial class Log
    {
        [LoggerMessage(6, LogLevel.Warning, "Service {Service}: {Count} instances vanished while the store was unreachable, or together with more than half of the service; they are kept for {Grace}, because the store may be at fault{LeftOut}", EventName = "Doubtful")]
        public static partial void Doubtful(ILogger logger, string service, int count, TimeSpan grace, string leftOut);

        [LoggerMessage(7, LogLevel.Warning, "Service {Service} could not be read; its saved snapshot of {AsOf:u} with {Count} instances is served", EventName = "Restored")]
        public static partial void Restored(ILogger logger, string service, int count, DateTimeOffset asOf);
    }
}
