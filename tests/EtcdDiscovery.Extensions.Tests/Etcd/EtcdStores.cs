using EtcdDiscovery.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>Creates v3 stores for tests.</summary>
internal static class EtcdStores
{
    public static EtcdStore Create(params string[] endpoints) => Create(TimeSpan.FromSeconds(3), endpoints);

    public static EtcdStore Create(TimeSpan requestTimeout, params string[] endpoints) =>
        Create(new EtcdOptions { Endpoints = endpoints, RequestTimeout = requestTimeout });

    public static EtcdStore Create(EtcdOptions options, TimeProvider? clock = null) =>
        new(options, clock ?? TimeProvider.System, NullLoggerFactory.Instance);
}
