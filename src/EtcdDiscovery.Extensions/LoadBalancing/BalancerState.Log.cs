using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.LoadBalancing;

internal sealed partial class BalancerState
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Instance {Instance} of service {Service} failed and is not picked for {Time}{LeftOut}", EventName = "Ejected")]
        public static partial void Ejected(ILogger logger, string instance, string service, TimeSpan time, string leftOut);

        [LoggerMessage(2, LogLevel.Debug, "Instance {Instance} of service {Service} is picked again", EventName = "Returned")]
        public static partial void Returned(ILogger logger, string instance, string service);
    }
}
