using EtcdDiscovery.Primitives;
using Grpc.Net.Client.Balancer;

namespace EtcdDiscovery.GrpcResolver;

/// <summary>Creates the resolvers of channels for <c>etcd:///catalog</c>.</summary>
internal sealed class EtcdResolverFactory(IServiceResolver services, TimeProvider timeProvider) : ResolverFactory
{
    public override string Name => "etcd";

    public override Resolver Create(ResolverOptions options)
    {
        var path = Uri.UnescapeDataString(options.Address.AbsolutePath.TrimStart('/'));
        if (path.Length == 0 || options.Address.Host.Length > 0)
        {
            throw new ArgumentException(
                $"The address '{options.Address}' does not name a service: write etcd:///catalog, or etcd:///_grpc.catalog for the port named grpc.", nameof(options));
        }

        var (service, port) = PortName.Split(path);
        // Only the channel's default port shows whether it uses HTTPS.
        return new EtcdResolver(services, service, port ?? (options.DefaultPort == 443 ? "https" : "http"), timeProvider);
    }
}
