using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class ServiceWatcher
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Service {Service} is read again: {Reason}{LeftOut}", EventName = "HistoryLost")]
        public static partial void HistoryLost(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(2, LogLevel.Warning, "Service {Service} cannot be read, its last known instances are served; trying again: {Reason}{LeftOut}", EventName = "OutOfReach")]
        public static partial void OutOfReach(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(3, LogLevel.Debug, "Service {Service} still cannot be read: {Reason}", EventName = "StillOutOfReach")]
        public static partial void StillOutOfReach(ILogger logger, string service, string reason);

        [LoggerMessage(4, LogLevel.Information, "Service {Service} can be read again after {Outage}", EventName = "InReachAgain")]
        public static partial void InReachAgain(ILogger logger, string service, TimeSpan outage);

        [LoggerMessage(5, LogLevel.Warning, "Service {Service} cannot be read yet; trying again: {Reason}{LeftOut}", EventName = "Unread")]
        public static partial void Unread(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(6, LogLevel.Warning, "Service {Service}: {Count} instances vanished while the store was unreachable, or together with more than half of the service; they are kept for {Grace}, because the store may be at fault{LeftOut}", EventName = "Doubtful")]
        public static partial void Doubtful(ILogger logger, string service, int count, TimeSpan grace, string leftOut);

        [LoggerMessage(7, LogLevel.Warning, "Service {Service} could not be read; its saved snapshot of {AsOf:u} with {Count} instances is served", EventName = "Restored")]
        public static partial void Restored(ILogger logger, string service, int count, DateTimeOffset asOf);
    }
}
