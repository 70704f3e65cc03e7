using Grpc.Net.Client.Balancer;

namespace EtcdDiscovery.GrpcResolver;

/// <summary>Creates the resolvers of channels for <c>etcd:///catalog</c>.</summary>
internal sealed class EtcdResolverFactory(IServiceResolver services, TimeProvider timeProvider) : ResolverFactory
{
    public override string Name => "etcd";

    public override Resolver Create(ResolverOptions options)
    {
        var service = Uri.UnescapeDataString(options.Address.AbsolutePath.TrimStart('/'));
        if (service.Length == 0 || options.Address.Host.Length > 0)
        {
            throw new ArgumentException(
                $"The address '{options.Address}' names no service: write etcd:///catalog, or etcd:///_grpc.catalog for the port named grpc.", nameof(options));
        }

        var dot = service.IndexOf('.', StringComparison.Ordinal);
        var hasPortName = service[0] == '_' && dot > 1 && dot < service.Length - 1;
        // gRPC says which scheme the channel speaks only by its port.
        var port = hasPortName ? service[1..dot] : options.DefaultPort == 443 ? "https" : "http";
        return new EtcdResolver(services, hasPortName ? service[(dot + 1)..] : service, port, timeProvider);
    }
}
