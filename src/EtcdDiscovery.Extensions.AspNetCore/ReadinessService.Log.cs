using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.AspNetCore;

internal sealed partial class ReadinessService
{
    private static partial class Log
    {
        [LoggerMessage(3, LogLevel.Information, "The readiness checks are healthy, so resolvers pick this application", EventName = "Ready")]
        public static partial void Ready(ILogger logger);

        [LoggerMessage(4, LogLevel.Warning, "This application is in maintenance, so resolvers do not pick it. {Reason}", EventName = "NotReady")]
        public static partial void NotReady(ILogger logger, string reason);

        [LoggerMessage(5, LogLevel.Warning, "No health check of the application has the tag {Tag}, so this application always counts as ready. Add one with AddHealthChecks().AddCheck(..., tags: [\"{Tag}\"])", EventName = "NoChecks")]
        public static partial void NoChecks(ILogger logger, string tag);

        [LoggerMessage(6, LogLevel.Warning, "The readiness checks could not be run, or their result could not be applied; trying again: {Error}", EventName = "ApplyingFailed")]
        public static partial void ApplyingFailed(ILogger logger, string error);
    }
}
