namespace EtcdDiscovery.Http;

/// <summary>A request on its way, and where it was meant to go.</summary>
/// <param name="Request">The request; it is changed for as long as it is being sent, and looks untouched afterwards.</param>
/// <param name="Uri">Its URL.</param>
/// <param name="Route">The service that the URL asks for.</param>
/// <param name="Query">What the request asks of an instance.</param>
/// <param name="Tried">Where earlier attempts at the same request went; null when there can be none.</param>
/// <param name="CancellationToken">Ends it.</param>
internal readonly record struct Call(
    HttpRequestMessage Request,
    Uri Uri,
    Route Route,
    ServiceQuery Query,
    TriedInstances? Tried,
    CancellationToken CancellationToken)
{
    public Target TargetOf(ServiceInstance instance) => Route.TargetOf(instance, Query.Network);

    /// <summary>Why an instance cannot be reached, in an exception of its own, since each is thrown.</summary>
    public EtcdDiscoveryException ProblemOf(ServiceInstance instance) => Target.Of(instance, Query.Network, Route).Problem!;

    /// <summary>Turns the request to an instance.</summary>
    public void Aim(Target target) => Aim(Request, Uri, Route, target);

    /// <summary>Makes the request what it was, so that whoever sends it again has it resolved again.</summary>
    public void Restore(Target target) => Restore(Request, Uri, target);

    public static void Aim(HttpRequestMessage request, Uri uri, Route route, Target target)
    {
        request.RequestUri = target.UriOf(route.RestOf(uri));
        if (route.AllowedNetworks.Count > 0)
        {
            AddressRules.Mark(request);
        }

        // Only what the caller left open. A redirect takes it off again: SocketsHttpHandler never lets it follow one.
        if (target.Authorization is not null && request.Headers.Authorization is null)
        {
            request.Headers.Authorization = target.Authorization;
        }
    }

    public static void Restore(HttpRequestMessage request, Uri uri, Target target)
    {
        request.RequestUri = uri;
        if (target.Authorization is not null && ReferenceEquals(request.Headers.Authorization, target.Authorization))
        {
            request.Headers.Authorization = null;
        }
    }
}
