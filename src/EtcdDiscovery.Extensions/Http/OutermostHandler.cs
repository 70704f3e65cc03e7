namespace EtcdDiscovery.Http;

/// <summary>The outermost handler of a client. It sees the caller's request and cancellation, which inner handlers may replace.</summary>
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
            // An attempt that has no result yet was cancelled by the caller, by a hedged attempt that won, or by the last timeout.
            tried.EndCancelled(haveFailed);
        }
    }
}
