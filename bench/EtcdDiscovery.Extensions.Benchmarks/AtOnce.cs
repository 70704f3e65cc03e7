namespace EtcdDiscovery.Benchmarks;

/// <summary>A primary handler that answers immediately.</summary>
internal sealed class AtOnce : HttpMessageHandler
{
    private static readonly Task<HttpResponseMessage> Answer = Task.FromResult(new HttpResponseMessage());

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Answer;
}
