namespace EtcdDiscovery.Http;

/// <summary>One request for a service.</summary>
/// <param name="Request">The request. Its URL and headers are changed only while it is being sent.</param>
/// <param name="Uri">The URL that the caller requested.</param>
/// <param name="Route">The route of the URL.</param>
/// <param name="Query">Selects the instances.</param>
/// <param name="Tried">
/// The instances that retries and hedged attempts of the same request went to; null if no outer handler can send it again.
/// </param>
/// <param name="CancellationToken">Cancels the request.</param>
internal sealed record Call(
    HttpRequestMessage Request,
    Uri Uri,
    Route Route,
    ServiceQuery Query,
    TriedInstances? Tried,
    CancellationToken CancellationToken)
{
    public Target TargetOf(ServiceInstance instance) => Route.TargetOf(instance, Query.Network);

    /// <summary>Why an instance cannot be reached. Creates a new exception each time, because it is thrown.</summary>
    public EtcdDiscoveryException ProblemOf(ServiceInstance instance) => Target.Of(instance, Query.Network, Route).Problem!;

    public bool WasTried(ServiceInstance instance) => Tried?.Contains(instance.Id) == true;

    /// <summary>Directs the request to an instance.</summary>
    /// <returns>The new URL of the request.</returns>
    public Uri Aim(Target target)
    {
        var uri = target.UriOf(Uri, Route.RestOf(Uri));
        Request.RequestUri = uri;
        ObservedContent.Attach(Request);
        if (Route.AllowedNetworks.Count > 0)
        {
            AddressRules.Mark(Request);
        }

        // Reads the headers without validation, because a header that does not parse was set by the caller all the same.
        if (Route.HostHeader is not null && !Request.Headers.NonValidated.Contains("Host"))
        {
            Request.Headers.Host = Route.HostHeader;
        }

        // A redirect does not forward the credentials, because SocketsHttpHandler removes the header.
        if (target.Authorization is not null && !Request.Headers.NonValidated.Contains("Authorization"))
        {
            Request.Headers.Authorization = target.Authorization;
        }

        return uri;
    }

    /// <summary>Restores the original request, so that sending it again resolves the service again.</summary>
    public void Restore(Target target)
    {
        Request.RequestUri = Uri;
        ObservedContent.Detach(Request);
        if (Route.HostHeader is not null && ReferenceEquals(Request.Headers.Host, Route.HostHeader))
        {
            Request.Headers.Host = null;
        }

        if (target.Authorization is not null && ReferenceEquals(Request.Headers.Authorization, target.Authorization))
        {
            Request.Headers.Authorization = null;
        }
    }

    /// <summary>Ends an attempt with its result; null if it says nothing about the instance.</summary>
    public void End(ServiceCall attempt, bool? succeeded)
    {
        if (succeeded is { } result)
        {
            attempt.Complete(result);
        }
        else if (Tried is not null && CancellationToken.IsCancellationRequested)
        {
            Tried.OnCancelled(attempt);
            return;
        }

        attempt.Dispose();
    }

    /// <summary>Determines what an error says about the instance that the request was sent to.</summary>
    /// <returns>
    /// False if the instance failed, true if it did not; null if the error says nothing about it, for instance because the caller canceled.
    /// </returns>
    public bool? ResultOf(Exception error, Uri? sentTo)
    {
        // After a redirect, it is another server that has failed, not the instance.
        if (Request.RequestUri != sentTo)
        {
            return true;
        }

        if (Request.Content is ObservedContent { HasFailed: true })
        {
            return null;
        }

        return CancellationToken.IsCancellationRequested || error is not (HttpRequestException or { InnerException: TimeoutException })
            ? null
            : false;
    }
}
