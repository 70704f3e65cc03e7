using EtcdDiscovery.Primitives;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.ServiceDiscovery;

namespace EtcdDiscovery.ServiceDiscovery;

/// <summary>Finds the endpoints of one service in its latest snapshot.</summary>
internal sealed class EtcdServiceEndpointProvider(
    ServiceEndpointQuery query, IServiceResolver resolver, IServiceDirectory directory, ServiceNetwork network, TimeProvider timeProvider) : IServiceEndpointProvider
{
    // Until etcd has been reached for the first time, nothing else triggers another attempt.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private static readonly string[] WebSchemes = ["http", "https"];

    private IReadOnlyList<string> Schemes => query.IncludedSchemes.Count > 0 ? query.IncludedSchemes : WebSchemes;

    public async ValueTask PopulateAsync(IServiceEndpointBuilder endpoints, CancellationToken cancellationToken)
    {
        // An earlier provider, such as the configuration, has found endpoints for the name.
        if (endpoints.Endpoints.Count > 0)
        {
            return;
        }

        ServiceSnapshot snapshot;
        try
        {
            snapshot = await FindAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ServiceNotFoundException)
        {
            return;
        }
        catch (EtcdDiscoveryException error) when (error.IsTransient)
        {
            // The name may not be a service at all, so it is left to the next provider for now.
            endpoints.AddChangeToken(new CancellationChangeToken(new CancellationTokenSource(RetryDelay, timeProvider).Token));
            return;
        }

        endpoints.AddChangeToken(snapshot.ChangeToken);
        foreach (var instance in snapshot.Instances)
        {
            if (instance.Status == ServiceStatus.Serving && FindUri(instance) is { } uri)
            {
                endpoints.Endpoints.Add(ServiceEndpoint.Create(new UriEndPoint(uri), FeaturesOf(instance, uri)));
            }
        }

        if (endpoints.Endpoints.Count == 0 && snapshot.Exists)
        {
            // Without an endpoint, the next provider would take the name for a host. An exception would stop YARP from loading any cluster:
            // it does not start, or tries again only after five minutes.
            endpoints.Endpoints.Add(ServiceEndpoint.Create(new UriEndPoint(UnreachableUri(snapshot))));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // The query holds the host name of a URL, which is lower case.
    private async Task<ServiceSnapshot> FindAsync(CancellationToken cancellationToken)
    {
        var exact = await resolver.GetSnapshotAsync(query.ServiceName, default, cancellationToken).ConfigureAwait(false);
        if (exact.Exists)
        {
            return exact;
        }

        var names = await directory.GetServiceNamesAsync(cancellationToken).ConfigureAwait(false);
        return HostNames.FindService(names, query.ServiceName) is { } only
            ? await resolver.GetSnapshotAsync(only, default, cancellationToken).ConfigureAwait(false)
            : exact;
    }

    private static FeatureCollection FeaturesOf(ServiceInstance instance, Uri uri)
    {
        var features = new FeatureCollection();
        features.Set(instance);
        features.Set<IHostNameFeature>(new HostName(uri.Authority));
        return features;
    }

    private Uri? FindUri(ServiceInstance instance) => query.EndpointName is { Length: > 0 } port
        ? UriOf(instance, port) is { } named ? new UriBuilder(Schemes[0], named.IdnHost, named.Port).Uri : null
        : Schemes.Select(scheme => UriOf(instance, scheme)).FirstOrDefault(uri => uri is not null);

    // An address that would change the meaning of a URL is not a valid endpoint.
    private Uri? UriOf(ServiceInstance instance, string port)
    {
        try
        {
            return network == ServiceNetwork.Private ? instance.GetPrivateUri(port) : instance.GetUri(port);
        }
        catch (EtcdDiscoveryException)
        {
            return null;
        }
    }

    // The name says why there is no endpoint. RFC 6761 reserves .invalid: such a name is never resolved to an address.
    private Uri UnreachableUri(ServiceSnapshot snapshot)
    {
        var reason = snapshot.Instances.Any(instance => instance.Status == ServiceStatus.Serving) ? "no-port" : "no-instance";
        return new UriBuilder(Schemes[0], $"{query.ServiceName}.{reason}.invalid").Uri;
    }

    private sealed record HostName(string Authority) : IHostNameFeature
    {
        string IHostNameFeature.HostName => Authority;
    }
}
