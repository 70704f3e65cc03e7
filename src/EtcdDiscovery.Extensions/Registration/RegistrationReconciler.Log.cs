using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class RegistrationReconciler
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Registered service {Service} as instance {InstanceId} at {Hostname} ({Ports}); its entry expires {TimeToLive} after the last renewal{LeftOut}", EventName = "Registered")]
        public static partial void Registered(
            ILogger logger, string service, string instanceId, string hostname, string ports, TimeSpan timeToLive, string leftOut);

        [LoggerMessage(2, LogLevel.Information, "Withdrew instance {InstanceId} of service {Service}", EventName = "Withdrawn")]
        public static partial void Withdrawn(ILogger logger, string service, string instanceId);

        [LoggerMessage(3, LogLevel.Warning, "The entry of service {Service} could not be written; trying again: {Reason}", EventName = "WriteFailed")]
        public static partial void WriteFailed(ILogger logger, string service, string reason);

        [LoggerMessage(4, LogLevel.Debug, "Another attempt to write the entry of service {Service} failed: {Reason}", EventName = "WriteFailedAgain")]
        public static partial void WriteFailedAgain(ILogger logger, string service, string reason);

        [LoggerMessage(28, LogLevel.Warning, "Instance {InstanceId} of service {Service} could not be withdrawn; trying again. Its entry remains until that succeeds or the lease of this process ends: {Reason}", EventName = "DeletionFailed")]
        public static partial void DeletionFailed(ILogger logger, string service, string instanceId, string reason);

        [LoggerMessage(5, LogLevel.Warning, "This instance of service {Service} is private, but the service's description is public and names the host {Hostname}, which callers use in URLs. If the service is no longer public, delete the key {Key} in etcd, prefixed with EtcdDiscovery:KeyPrefix if that is set", EventName = "DescribedAsPublic")]
        public static partial void DescribedAsPublic(ILogger logger, string service, string hostname, string key);
    }
}
