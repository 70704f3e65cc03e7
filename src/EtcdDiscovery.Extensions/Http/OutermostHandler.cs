namespace EtcdDiscovery.Http;

/// <summary>Stands above all other handlers, and notes in the request's options what those below must not make it forget.</summary>
internal sealed class OutermostHandler : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        TriedInstances.Track(request);
        OriginalSchemes.Note(request);
        return base.SendAsync(request, cancellationToken);
    }
}
