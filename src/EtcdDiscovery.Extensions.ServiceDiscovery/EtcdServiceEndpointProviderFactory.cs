using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.ServiceDiscovery;

namespace EtcdDiscovery.ServiceDiscovery;

/// <summary>Creates a provider for each name that may be a service in etcd.</summary>
internal sealed class EtcdServiceEndpointProviderFactory(
    IServiceResolver resolver,
    IServiceDirectory directory,
    IOptions<EtcdServiceEndpointProviderOptions> options,
    TimeProvider timeProvider) : IServiceEndpointProviderFactory
{
    public bool TryCreateProvider(ServiceEndpointQuery query, [NotNullWhen(true)] out IServiceEndpointProvider? provider)
    {
        var isName = query.ServiceName is not ("" or "localhost")
            && !query.ServiceName.Contains(':', StringComparison.Ordinal)
            && !IPAddress.TryParse(query.ServiceName, out _);
        provider = isName && options.Value.LooksUp(query.ServiceName)
            ? new EtcdServiceEndpointProvider(query, resolver, directory, options.Value.Network, timeProvider)
            : null;
        return provider is not null;
    }
}
