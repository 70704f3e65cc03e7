using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class SessionRenewal
{
    private static partial class Log
    {
        [LoggerMessage(15, LogLevel.Warning, "The session could not be renewed and expires in {Left:0.0} s; trying again: {Reason}", EventName = "RenewalFailed")]
        public static partial void RenewalFailed(ILogger logger, double left, string reason);

        [LoggerMessage(16, LogLevel.Debug, "The session is still not renewed after {Failures} attempts and expires in {Left:0.0} s: {Reason}", EventName = "RenewalFailedAgain")]
        public static partial void RenewalFailedAgain(ILogger logger, int failures, double left, string reason);

        [LoggerMessage(30, LogLevel.Warning, "This process was late by {Lateness:0.0} s in renewing its lease, because it was paused or its thread pool is starved. The lease expires {TimeToLive} after the last renewal. Avoid blocking calls, or raise EtcdDiscovery:TimeToLive{LeftOut}", EventName = "ProcessLate")]
        public static partial void ProcessLate(ILogger logger, double lateness, TimeSpan timeToLive, string leftOut);
    }
}
