using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class ServiceWatcher
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Service {Service} is read again: {Reason}{LeftOut}", EventName = "HistoryLost")]
        public static partial void HistoryLost(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(2, LogLevel.Warning, "Service {Service} is out of reach, its last known instances are served: {Reason}{LeftOut}", EventName = "OutOfReach")]
        public static partial void OutOfReach(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(3, LogLevel.Debug, "Service {Service} is still out of reach: {Reason}", EventName = "StillOutOfReach")]
        public static partial void StillOutOfReach(ILogger logger, string service, string reason);

        [LoggerMessage(4, LogLevel.Information, "Service {Service} is in reach again after {Outage}", EventName = "InReachAgain")]
        public static partial void InReachAgain(ILogger logger, string service, TimeSpan outage);

        [LoggerMessage(5, LogLevel.Warning, "Service {Service} cannot be read yet, trying again: {Reason}{LeftOut}", EventName = "Unread")]
        public static partial void Unread(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(6, LogLevel.Warning, "Service {Service}: {Count} instances vanished while the store was out of reach, or more than half together; they are kept for {Grace}, in case that the fault is the store's{LeftOut}", EventName = "Doubtful")]
        public static partial void Doubtful(ILogger logger, string service, int count, TimeSpan grace, string leftOut);

        [LoggerMessage(7, LogLevel.Warning, "Service {Service} could not be read; {Count} instances that were saved as of {AsOf:u} are served", EventName = "Restored")]
        public static partial void Restored(ILogger logger, string service, int count, DateTimeOffset asOf);
    }
}
