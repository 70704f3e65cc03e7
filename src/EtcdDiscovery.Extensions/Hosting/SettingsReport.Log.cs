using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Hosting;

internal sealed partial class SettingsReport
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Setting} is no setting of service discovery and is ignored; there may be {Known}", EventName = "UnknownSetting")]
        public static partial void UnknownSetting(ILogger logger, string setting, string known);
    }
}
