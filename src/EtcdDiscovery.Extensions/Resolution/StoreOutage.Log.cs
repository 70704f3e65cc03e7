using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class StoreOutage
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Service {Service} is being read again: {Reason}{LeftOut}", EventName = "HistoryLost")]
        public static partial void HistoryLost(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(2, LogLevel.Warning, "Service {Service} cannot be read, so queries return its last known instances; trying again: {Reason}{LeftOut}", EventName = "OutOfReach")]
        public static partial void OutOfReach(ILogger logger, string service, string reason, string leftOut);

        [LoggerMessage(3, LogLevel.Debug, "Service {Service} still cannot be read: {Reason}", EventName = "StillOutOfReach")]
        public static partial void StillOutOfReach(ILogger logger, string service, string reason);

        [LoggerMessage(4, LogLevel.Information, "Service {Service} can be read again after an outage of {Outage}", EventName = "InReachAgain")]
        public static partial void InReachAgain(ILogger logger, string service, TimeSpan outage);

        [LoggerMessage(5, LogLevel.Warning, "Service {Service} cannot be read yet; trying again: {Reason}{LeftOut}", EventName = "Unread")]
        public static partial void Unread(ILogger logger, string service, string reason, string leftOut);
    }
}
