using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class RegistrationReconciler
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Registered {Service} as {InstanceId} at {Hostname} ({Ports}); it expires {TimeToLive} after the last sign of life{LeftOut}", EventName = "Registered")]
        public static partial void Registered(
            ILogger logger, string service, string instanceId, string hostname, string ports, TimeSpan timeToLive, string leftOut);

        [LoggerMessage(2, LogLevel.Information, "Withdrew {Service}, {InstanceId}", EventName = "Withdrawn")]
        public static partial void Withdrawn(ILogger logger, string service, string instanceId);

        [LoggerMessage(3, LogLevel.Warning, "{Service} could not be written, trying again: {Reason}", EventName = "WriteFailed")]
        public static partial void WriteFailed(ILogger logger, string service, string reason);

        [LoggerMessage(4, LogLevel.Debug, "{Service} could not be written again: {Reason}", EventName = "WriteFailedAgain")]
        public static partial void WriteFailedAgain(ILogger logger, string service, string reason);

        [LoggerMessage(5, LogLevel.Warning, "This host of {Service} is private, but the service is described as a public one at {Hostname}, and its URL is that; if that is over, delete {Key} in etcd, below EtcdDiscovery:KeyPrefix where that is set", EventName = "DescribedAsPublic")]
        public static partial void DescribedAsPublic(ILogger logger, string service, string hostname, string key);
    }
}
