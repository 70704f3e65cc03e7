using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class RegistrationHostedService
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The changed configuration is not applied, what was registered before stays: {Reason}", EventName = "ChangeRefused")]
        public static partial void ChangeRefused(ILogger logger, string reason);
    }
}
