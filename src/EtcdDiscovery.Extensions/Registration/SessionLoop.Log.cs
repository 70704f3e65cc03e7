using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class SessionLoop
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Registered {Service} as {InstanceId}; it expires {TimeToLive} after the last sign of life", EventName = "Registered")]
        public static partial void Registered(ILogger logger, string service, string instanceId, TimeSpan timeToLive);

        [LoggerMessage(2, LogLevel.Information, "Withdrew {Service}, {InstanceId}", EventName = "Withdrawn")]
        public static partial void Withdrawn(ILogger logger, string service, string instanceId);

        [LoggerMessage(3, LogLevel.Warning, "The registration cannot be kept up at the moment, trying again: {Reason}", EventName = "Failed")]
        public static partial void Failed(ILogger logger, string reason);

        [LoggerMessage(4, LogLevel.Debug, "The registration still cannot be kept up, after {Failures} tries: {Reason}", EventName = "FailedAgain")]
        public static partial void FailedAgain(ILogger logger, int failures, string reason);

        [LoggerMessage(5, LogLevel.Warning, "The session was lost, registering again: {Reason}", EventName = "SessionLost")]
        public static partial void SessionLost(ILogger logger, string reason);

        [LoggerMessage(6, LogLevel.Warning, "The registration could not be withdrawn and expires within {TimeToLive}: {Reason}", EventName = "WithdrawalFailed")]
        public static partial void WithdrawalFailed(ILogger logger, TimeSpan timeToLive, string reason);
    }
}
