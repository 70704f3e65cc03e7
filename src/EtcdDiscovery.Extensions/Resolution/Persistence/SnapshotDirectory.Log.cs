using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution.Persistence;

internal sealed partial class SnapshotDirectory
{
    private static partial class Log
    {
        [LoggerMessage(11, LogLevel.Warning, "The saved snapshot of service {Service} in {File} is ignored: {Reason}", EventName = "SavedSnapshotIgnored")]
        public static partial void Ignored(ILogger logger, string service, string file, string reason);

        [LoggerMessage(12, LogLevel.Warning, "Snapshots cannot be saved; trying again: {Reason}", EventName = "SnapshotNotSaved")]
        public static partial void NotSaved(ILogger logger, string reason);
    }
}
