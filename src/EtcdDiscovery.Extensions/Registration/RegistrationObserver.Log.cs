using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class RegistrationObserver
{
    private static partial class Log
    {
        [LoggerMessage(6, LogLevel.Debug, "The keys of service {Service} cannot be watched at the moment; trying again: {Reason}", EventName = "NotObserved")]
        public static partial void NotObserved(ILogger logger, string service, string reason);

        [LoggerMessage(7, LogLevel.Information, "The entry of instance {InstanceId} of service {Service} is no longer in the store; writing it again{LeftOut}", EventName = "Deleted")]
        public static partial void Deleted(ILogger logger, string service, string instanceId, string leftOut);

        [LoggerMessage(8, LogLevel.Warning, "Another process overwrote the entry of instance {InstanceId} of service {Service}; the entry is written again, now and whenever this happens", EventName = "Overwritten")]
        public static partial void Overwritten(ILogger logger, string service, string instanceId);

        [LoggerMessage(9, LogLevel.Warning, "The credentials in the description of service {Service} are too long to adopt; this instance keeps its own", EventName = "CredentialsRefused")]
        public static partial void CredentialsRefused(ILogger logger, string service);
    }
}
