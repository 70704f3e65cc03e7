namespace EtcdDiscovery.Benchmarks;

/// <summary>Sends requests through a handler, as <see cref="HttpClient"/> does for a base address and a path.</summary>
internal sealed class HttpCalls(HttpMessageInvoker invoker, string baseAddress, string[] paths)
{
    private readonly Uri _base = new(baseAddress);

    public void Make(int calls)
    {
        for (var call = 0; call < calls; call++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, paths[call % paths.Length]));
            var sending = invoker.SendAsync(request, CancellationToken.None);
            if (!sending.IsCompleted)
            {
                sending.GetAwaiter().GetResult();
            }
        }
    }
}
