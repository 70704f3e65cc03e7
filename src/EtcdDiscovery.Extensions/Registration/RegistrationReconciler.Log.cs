using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class RegistrationReconciler
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Registered {Service} as {InstanceId} at {Hostname} ({Ports}); it expires {TimeToLive} after the last renewal{LeftOut}", EventName = "Registered")]
        public static partial void Registered(
            ILogger logger, string service, string instanceId, string hostname, string ports, TimeSpan timeToLive, string leftOut);

        [LoggerMessage(2, LogLevel.Information, "Withdrew {Service}, {InstanceId}", EventName = "Withdrawn")]
        public static partial void Withdrawn(ILogger logger, string service, string instanceId);

        [LoggerMessage(3, LogLevel.Warning, "{Service} could not be written, trying again: {Reason}", EventName = "WriteFailed")]
        public static partial void WriteFailed(ILogger logger, string service, string reason);

        [LoggerMessage(4, LogLevel.Debug, "{Service} could not be written again: {Reason}", EventName = "WriteFailedAgain")]
        public static partial void WriteFailedAgain(ILogger logger, string service, string reason);

        [LoggerMessage(28, LogLevel.Warning, "{Service}, {InstanceId}, could not be withdrawn; it is tried again, and the entry stays until then or until the lease of this process ends: {Reason}", EventName = "DeletionFailed")]
        public static partial void DeletionFailed(ILogger logger, string service, string instanceId, string reason);

        [LoggerMessage(5, LogLevel.Warning, "This instance of {Service} is private, but the service is described as public at {Hostname}, which callers use for its URL. If the service is no longer public, delete the key {Key} in etcd, prefixed with EtcdDiscovery:KeyPrefix if that is set", EventName = "DescribedAsPublic")]
        public static partial void DescribedAsPublic(ILogger logger, string service, string hostname, string key);
    }
}
