using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class WatchedService
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Service {Service} is read again: {Reason}", EventName = "HistoryLost")]
        public static partial void HistoryLost(ILogger logger, string service, string reason);

        [LoggerMessage(2, LogLevel.Warning, "Service {Service} is out of reach, its last known instances are served: {Reason}", EventName = "OutOfReach")]
        public static partial void OutOfReach(ILogger logger, string service, string reason);

        [LoggerMessage(3, LogLevel.Debug, "Service {Service} is still out of reach: {Reason}", EventName = "StillOutOfReach")]
        public static partial void StillOutOfReach(ILogger logger, string service, string reason);

        [LoggerMessage(5, LogLevel.Warning, "Service {Service} cannot be read yet, trying again: {Reason}", EventName = "Unread")]
        public static partial void Unread(ILogger logger, string service, string reason);

        [LoggerMessage(4, LogLevel.Information, "Service {Service} is in reach again after {Outage}", EventName = "InReachAgain")]
        public static partial void InReachAgain(ILogger logger, string service, TimeSpan outage);
    }
}
