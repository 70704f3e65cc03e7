using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd.Watching;

internal sealed partial class WatchStream
{
    private static partial class Log
    {
        [LoggerMessage(3, LogLevel.Debug, "Opening the watch stream to etcd at {Endpoint}", EventName = "WatchStreamOpened")]
        public static partial void Opened(ILogger logger, string endpoint);

        [LoggerMessage(4, LogLevel.Debug, "The watch stream to etcd at {Endpoint} ended: {Reason}", EventName = "WatchStreamEnded")]
        public static partial void Ended(ILogger logger, string endpoint, string reason);

        [LoggerMessage(5, LogLevel.Debug, "A watch on the stream to etcd at {Endpoint} ended: {Reason}", EventName = "WatchEnded")]
        public static partial void WatchEnded(ILogger logger, string endpoint, string reason);
    }
}
