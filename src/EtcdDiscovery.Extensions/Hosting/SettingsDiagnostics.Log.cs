using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Hosting;

internal sealed partial class SettingsDiagnostics
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Setting} is not a setting of service discovery and is ignored; valid settings are {Known}", EventName = "UnknownSetting")]
        public static partial void UnknownSetting(ILogger logger, string setting, string known);

        [LoggerMessage(2, LogLevel.Warning, "{Missing} is not set, so the other environment variables for TLS to etcd are ignored: set all of ETCD_CACERT, ETCD_TLS_CERT and ETCD_TLS_KEY, or none", EventName = "IncompleteTls")]
        public static partial void IncompleteTls(ILogger logger, string missing);

        [LoggerMessage(4, LogLevel.Warning, "The environment variable HOSTNAME is '{Name}', which {Reason}, so it is ignored: the machine's name is used instead. Set HOSTNAME to a host name or IP address, or remove it", EventName = "HostnameIgnored")]
        public static partial void HostnameIgnored(ILogger logger, string name, string reason);
    }
}
