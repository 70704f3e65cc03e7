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

        [LoggerMessage(5, LogLevel.Warning, "There is no configuration section EtcdDiscovery, and the section {Section} is not read. If it contains the settings of service discovery, rename it to EtcdDiscovery", EventName = "SectionNotRead")]
        public static partial void SectionNotRead(ILogger logger, string section);

        [LoggerMessage(6, LogLevel.Warning, "AddEtcdDiscovery(\"{Name}\") was called, but neither ConnectionStrings:{Name} nor EtcdDiscovery:Etcd:Endpoints is set. Set one of them to the addresses of etcd, unless ETCD_HOSTS or the default, http://127.0.0.1:2379, is correct", EventName = "NoConnectionString")]
        public static partial void NoConnectionString(ILogger logger, string name);

        [LoggerMessage(7, LogLevel.Warning, "EtcdDiscovery:Etcd:Endpoints combines several configuration sources: {Mixture}. If these are different clusters, set all endpoints in one source, or replace the list with a single value such as Endpoints=http://etcd-1:2379,http://etcd-2:2379", EventName = "MixedEndpoints")]
        public static partial void MixedEndpoints(ILogger logger, string mixture);

        [LoggerMessage(4, LogLevel.Warning, "The environment variable HOSTNAME is '{Name}', which {Reason}, so it is ignored and the machine's name is used instead. Set HOSTNAME to a host name or IP address, or remove it", EventName = "HostnameIgnored")]
        public static partial void HostnameIgnored(ILogger logger, string name, string reason);
    }
}
