namespace EtcdDiscovery.Http;

/// <summary>Stands above all other handlers: it sees the caller's own request and cancellation, which those below may replace.</summary>
internal sealed class OutermostHandler : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var tried = TriedInstances.Track(request);
        OriginalSchemes.Note(request);
        var haveFailed = false;
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            haveFailed = !cancellationToken.IsCancellationRequested;
            throw;
        }
        finally
        {
            // An attempt that is still undecided was cancelled by the caller, by a hedge that won, or by the last time-out.
            tried.EndCancelled(haveFailed);
        }
    }
}
