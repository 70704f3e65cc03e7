using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.AspNetCore;

internal sealed partial class ReadinessService
{
    private static partial class Log
    {
        [LoggerMessage(3, LogLevel.Information, "The readiness checks are healthy, this host takes requests", EventName = "Ready")]
        public static partial void Ready(ILogger logger);

        [LoggerMessage(4, LogLevel.Warning, "This host takes no requests for now. {Reason}", EventName = "NotReady")]
        public static partial void NotReady(ILogger logger, string reason);

        [LoggerMessage(5, LogLevel.Warning, "No health check of the application has the tag {Tag}, so this host always takes requests. Add one with AddHealthChecks().AddCheck(..., tags: [\"{Tag}\"])", EventName = "NoChecks")]
        public static partial void NoChecks(ILogger logger, string tag);

        [LoggerMessage(6, LogLevel.Warning, "The readiness checks, or what they say, could not be applied; tried again: {Error}", EventName = "ApplyingFailed")]
        public static partial void ApplyingFailed(ILogger logger, string error);
    }
}
