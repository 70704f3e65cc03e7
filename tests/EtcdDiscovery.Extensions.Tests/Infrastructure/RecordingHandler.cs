using System.Collections.Concurrent;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Ends requests without a network, and records their targets.</summary>
internal sealed class RecordingHandler(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>? answer = null)
    : HttpMessageHandler
{
    private readonly ConcurrentQueue<(Uri? Uri, string? Authorization)> _requests = new();

    public IReadOnlyCollection<(Uri? Uri, string? Authorization)> Requests => _requests;

    public string Urls => string.Join(' ', _requests.Select(request => request.Uri?.OriginalString));

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _requests.Enqueue((request.RequestUri, request.Headers.Authorization?.ToString()));
        return answer is null
            ? Task.FromResult(new HttpResponseMessage { RequestMessage = request })
            : answer(request, cancellationToken);
    }
}
