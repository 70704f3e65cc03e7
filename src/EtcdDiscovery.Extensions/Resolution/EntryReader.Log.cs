using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class EntryReader
{
    private static partial class Log
    {
        [LoggerMessage(13, LogLevel.Warning, "Skipping the unreadable entry {Key} of {Length} bytes: {Fault}", EventName = "EntryUnreadable")]
        public static partial void EntryUnreadable(ILogger logger, string key, int length, string fault);
    }
}
