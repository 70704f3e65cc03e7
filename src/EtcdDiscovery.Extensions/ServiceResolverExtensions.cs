using System.Collections.Immutable;

namespace EtcdDiscovery;

/// <summary>Convenience methods for <see cref="IServiceResolver"/>. They use only its four members.</summary>
/// <remarks>The methods throw the exceptions of those members.</remarks>
public static class ServiceResolverExtensions
{
    /// <summary>Gets the description of a service.</summary>
    /// <param name="resolver">The resolver.</param>
    /// <param name="service">The service's name.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The description. As in Go, an unknown service is not an error: the result has only a name.</returns>
    public static async ValueTask<ServiceInfo> GetServiceAsync(
        this IServiceResolver resolver, string service, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resolver);
        return (await resolver.GetSnapshotAsync(service, default, cancellationToken).ConfigureAwait(false)).Service;
    }

    /// <summary>
    /// Gets all instances that take requests (Go: <c>All</c>), including ejected ones. <see cref="IServiceResolver.GetSnapshotAsync"/> also
    /// returns those that do not.
    /// </summary>
    /// <param name="resolver">The resolver.</param>
    /// <param name="service">The service's name.</param>
    /// <param name="query">
    /// Which instances to select, by shard, <see cref="ServiceQuery.Scheme"/> and <see cref="ServiceQuery.Excluding"/>; by default any.
    /// </param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The instances in the order of their keys; never empty.</returns>
    /// <exception cref="ServiceNotFoundException">Nothing is known of the service.</exception>
    /// <exception cref="NoInstanceFoundException">No instance takes requests, or the query excludes all that do.</exception>
    /// <exception cref="NoInstanceOnShardException">No instance serves the shard.</exception>
    public static async ValueTask<IReadOnlyList<ServiceInstance>> GetInstancesAsync(
        this IServiceResolver resolver, string service, ServiceQuery query = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resolver);
        return Select(await resolver.GetSnapshotAsync(service, default, cancellationToken).ConfigureAwait(false), query);
    }

    /// <summary>Gets the instance with the smallest key, which is the same for every caller (Go: <c>First</c>).</summary>
    /// <inheritdoc cref="GetInstancesAsync"/>
    /// <returns>The instance.</returns>
    public static async ValueTask<ServiceInstance> GetFirstInstanceAsync(
        this IServiceResolver resolver, string service, ServiceQuery query = default, CancellationToken cancellationToken = default) =>
        (await resolver.GetInstancesAsync(service, query, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Builds a URL of a service (Go: <c>URL</c>).</summary>
    /// <remarks>
    /// If the service is public, and the query has no shard and selects the public address, this is the service's own URL, even if the
    /// service has no instances. Otherwise, it is the URL of one instance that has a port for the scheme, picked as in
    /// <see cref="IServiceResolver.GetInstanceAsync"/>.
    /// </remarks>
    /// <param name="resolver">The resolver.</param>
    /// <param name="service">The service's name.</param>
    /// <param name="scheme">
    /// The scheme, such as <c>http</c>. If it is empty, <see cref="ServiceQuery.Scheme"/> is used. If that is empty too, an instance's
    /// <c>http</c> or <c>https</c> port is used; for the URL of a public service, this is an error.
    /// </param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; percent-encoded where necessary (RFC 3986).</param>
    /// <param name="query">Which instances to select; by default any, with the public address.</param>
    /// <param name="includeCredentials">
    /// Whether the URL contains the user and password, as in Go. By default it does not, since URLs end up in logs, traces and error
    /// messages: take them from <see cref="ServiceInstance.Credentials"/> or <see cref="ServiceInfo.Credentials"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The URL.</returns>
    /// <exception cref="ArgumentException">The query has another scheme.</exception>
    /// <exception cref="UnknownSchemeException">There is no port for the scheme.</exception>
    /// <exception cref="ServiceNotFoundException">Nothing is known of the service.</exception>
    /// <exception cref="NoInstanceFoundException">No instance takes requests, or the query excludes all that do.</exception>
    /// <exception cref="NoInstanceOnShardException">No instance serves the shard.</exception>
    /// <exception cref="EtcdDiscoveryException">A host name or port in the store would change the meaning of the URL.</exception>
    public static async ValueTask<Uri> GetUriAsync(
        this IServiceResolver resolver,
        string service,
        string scheme = "",
        string path = "",
        ServiceQuery query = default,
        bool includeCredentials = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resolver);
        ArgumentNullException.ThrowIfNull(scheme);
        if (scheme.Length > 0 && query.Scheme is { } other && other != scheme)
        {
            throw new ArgumentException(
                $"The scheme is '{scheme}', but the query's scheme is '{other}': set only one of them.", nameof(scheme));
        }

        scheme = scheme.Length > 0 ? scheme : query.Scheme ?? "";
        if (query is { Shard: null, Network: ServiceNetwork.Public })
        {
            var info = await resolver.GetServiceAsync(service, cancellationToken).ConfigureAwait(false);
            if (info.Public)
            {
                return info.GetUri(scheme, path, includeCredentials);
            }
        }

        var instance = await resolver.GetInstanceAsync(service, query, cancellationToken).ConfigureAwait(false);
        if (scheme.Length > 0 && !instance.AddressIn(query.Network).Ports.ContainsKey(scheme))
        {
            // Other instances may have the port, for example during a rollout that adds it.
            instance = await resolver.GetInstanceAsync(service, query with { Scheme = scheme }, cancellationToken).ConfigureAwait(false);
        }

        return query.Network == ServiceNetwork.Private
            ? instance.GetPrivateUri(scheme, path, includeCredentials)
            : instance.GetUri(scheme, path, includeCredentials);
    }

    private static ImmutableArray<ServiceInstance> Select(ServiceSnapshot snapshot, ServiceQuery query)
    {
        var selected = Where(snapshot.Instances, instance =>
            instance.Status == ServiceStatus.Serving
            && (query.Shard is null || instance.Shard == query.Shard)
            && !query.LeavesOut(instance));
        return !selected.IsEmpty ? selected
            : throw (snapshot.Exists ? query.NoneOf(snapshot.Service.Name, snapshot.Instances) : new ServiceNotFoundException(snapshot.Service.Name));
    }

    // Usually all instances match, and the array can be returned without a copy.
    private static ImmutableArray<ServiceInstance> Where(ImmutableArray<ServiceInstance> instances, Func<ServiceInstance, bool> matches) =>
        instances.All(matches) ? instances : [.. instances.Where(matches)];
}
