using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class SessionCloser
{
    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Information, "All services were withdrawn", EventName = "SessionClosed")]
        public static partial void SessionClosed(ILogger logger);

        [LoggerMessage(11, LogLevel.Warning, "The registered services could not be withdrawn and will expire within {TimeToLive}: {Reason}", EventName = "WithdrawalFailed")]
        public static partial void WithdrawalFailed(ILogger logger, TimeSpan timeToLive, string reason);

        [LoggerMessage(12, LogLevel.Warning, "A session of the store could not be disposed: {Reason}", EventName = "DisposalFailed")]
        public static partial void DisposalFailed(ILogger logger, string reason);
    }
}
