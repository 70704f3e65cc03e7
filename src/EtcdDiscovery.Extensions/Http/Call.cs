namespace EtcdDiscovery.Http;

/// <summary>One request for a service.</summary>
/// <param name="Request">The request. Its URL and headers are changed only while it is being sent.</param>
/// <param name="Uri">The URL that the caller asked for.</param>
/// <param name="Route">The service that the URL asks for.</param>
/// <param name="Query">Which instances will do.</param>
/// <param name="Tried">The instances that retries and hedged attempts of the same request went to; null when nothing above the handler can send it again.</param>
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

    /// <summary>Why an instance cannot be reached. Each call creates its own exception, since each is thrown.</summary>
    public EtcdDiscoveryException ProblemOf(ServiceInstance instance) => Target.Of(instance, Query.Network, Route).Problem!;

    public bool WasTried(ServiceInstance instance) => Tried?.Contains(instance.Id) == true;

    /// <summary>Points the request to an instance.</summary>
    /// <returns>The URL that it has now.</returns>
    public Uri Aim(Target target)
    {
        var uri = target.UriOf(Uri, Route.RestOf(Uri));
        Request.RequestUri = uri;
        ObservedContent.Attach(Request);
        if (Route.AllowedNetworks.Count > 0)
        {
            AddressRules.Mark(Request);
        }

        // Headers that do not parse are the caller's all the same.
        if (Route.HostHeader is not null && !Request.Headers.NonValidated.Contains("Host"))
        {
            Request.Headers.Host = Route.HostHeader;
        }

        // A redirect does not carry the credentials along: SocketsHttpHandler removes the header.
        if (target.Authorization is not null && !Request.Headers.NonValidated.Contains("Authorization"))
        {
            Request.Headers.Authorization = target.Authorization;
        }

        return uri;
    }

    /// <summary>Makes the request what it was, so that sending it again resolves the service again.</summary>
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

    /// <summary>Ends an attempt with its result; null for none.</summary>
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

    /// <summary>What an error says about the instance that the request was pointed to.</summary>
    /// <returns>Whether the instance did its work; null when the error says nothing about it, as when the caller canceled.</returns>
    public bool? ResultOf(Exception error, Uri? aimedAt)
    {
        // After a redirect, another server failed.
        if (Request.RequestUri != aimedAt)
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
