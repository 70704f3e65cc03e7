using Grpc.Net.Client.Balancer;

namespace EtcdDiscovery;

/// <summary>Attributes of the addresses of <c>etcd:///…</c>, for load balancers of <c>Grpc.Net.Client</c>.</summary>
public static class GrpcAddressAttributes
{
    /// <summary>The id of the instance: <see cref="ServiceInstance.Id"/>.</summary>
    public static BalancerAttributesKey<string> InstanceId { get; } = new("EtcdDiscovery.InstanceId");

    /// <summary>The zone of the instance, if it has one: <see cref="ServiceInstance.Zone"/>.</summary>
    public static BalancerAttributesKey<string> Zone { get; } = new("EtcdDiscovery.Zone");

    /// <summary>The shard of the instance, if it has one: <see cref="ServiceInstance.Shard"/>.</summary>
    public static BalancerAttributesKey<string> Shard { get; } = new("EtcdDiscovery.Shard");

    /// <summary>The weight of the instance: <see cref="ServiceInstance.Weight"/>.</summary>
    public static BalancerAttributesKey<double> Weight { get; } = new("EtcdDiscovery.Weight");
}
