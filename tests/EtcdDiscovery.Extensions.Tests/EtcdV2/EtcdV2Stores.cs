using EtcdDiscovery.EtcdV2;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.EtcdV2;

/// <summary>Creates v2 stores for tests.</summary>
internal static class EtcdV2Stores
{
    public static EtcdV2Store Create(params string[] endpoints) => Create(TimeSpan.FromSeconds(3), endpoints);

    public static EtcdV2Store Create(TimeSpan requestTimeout, params string[] endpoints) =>
        Create(new EtcdOptions { Endpoints = endpoints, RequestTimeout = requestTimeout });

    public static EtcdV2Store Create(EtcdOptions options, TimeProvider? clock = null) =>
        new(options, clock ?? TimeProvider.System, NullLoggerFactory.Instance);
}
