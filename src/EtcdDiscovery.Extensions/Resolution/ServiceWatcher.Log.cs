using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class ServiceWatcher
{
    private static partial class Log
    {
        [LoggerMessage(6, LogLevel.Warning, "{Count} instances of service {Service} vanished but are kept for {Grace}. The store may be at fault: it was unreachable, or more than half of the instances vanished at once{LeftOut}", EventName = "Doubtful")]
        public static partial void Doubtful(ILogger logger, string service, int count, TimeSpan grace, string leftOut);

        [LoggerMessage(7, LogLevel.Warning, "Service {Service} could not be read; using its saved snapshot from {AsOf:u} with {Count} instances", EventName = "Restored")]
        public static partial void Restored(ILogger logger, string service, int count, DateTimeOffset asOf);
    }
}
