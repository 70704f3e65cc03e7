using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class SessionLoop
{
    private static partial class Log
    {
        [LoggerMessage(13, LogLevel.Warning, "No session can be opened, so nothing is registered; trying again: {Reason}", EventName = "OpeningFailed")]
        public static partial void OpeningFailed(ILogger logger, string reason);

        [LoggerMessage(14, LogLevel.Debug, "Still no session after {Failures} attempts: {Reason}", EventName = "OpeningFailedAgain")]
        public static partial void OpeningFailedAgain(ILogger logger, int failures, string reason);

        [LoggerMessage(29, LogLevel.Warning, "Draining ended before EtcdDiscovery:DrainDelay, {DrainDelay}, had elapsed, so some callers may have reached a stopped server. Set HostOptions.ShutdownTimeout, 30 s by default, to more than DrainDelay", EventName = "DrainCutShort")]
        public static partial void DrainCutShort(ILogger logger, TimeSpan drainDelay);

        [LoggerMessage(17, LogLevel.Warning, "The session was lost; registering again: {Reason}{LeftOut}", EventName = "SessionLost")]
        public static partial void SessionLost(ILogger logger, string reason, string leftOut);

        [LoggerMessage(27, LogLevel.Warning, "EtcdDiscovery:TimeToLive is {Requested}, but the store has granted {Granted}, so the entries of a crashed process remain for that long. Set TimeToLive to at least {Granted}, or lower etcd's --election-timeout: etcd grants at least 1.5 times its value", EventName = "TimeToLiveRaised")]
        public static partial void TimeToLiveRaised(ILogger logger, TimeSpan requested, TimeSpan granted);
    }
}
