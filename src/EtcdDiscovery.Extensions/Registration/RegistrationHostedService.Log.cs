using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class RegistrationHostedService
{
    private static partial class Log
    {
        [LoggerMessage(18, LogLevel.Error, "The changed configuration is invalid and was not applied; the registrations stay as they are: {Reason}", EventName = "ChangeRefused")]
        public static partial void ChangeRefused(ILogger logger, string reason);

        [LoggerMessage(19, LogLevel.Information, "EtcdDiscovery:Service:Name is not set: this application resolves services but registers none", EventName = "NothingConfigured")]
        public static partial void NothingConfigured(ILogger logger);

        [LoggerMessage(20, LogLevel.Information, "Service discovery is disabled: EtcdDiscovery:Enabled is false", EventName = "Disabled")]
        public static partial void Disabled(ILogger logger);
    }
}
