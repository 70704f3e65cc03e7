using System.Collections.Concurrent;

namespace EtcdDiscovery.Testing.Tests;

/// <summary>Answers requests with the host and port that they were sent to; refuses connections to some.</summary>
internal sealed class RecordingWeb : HttpMessageHandler
{
    private readonly ConcurrentDictionary<int, bool> _refused = new();

    /// <summary>Refuses connections to a port from now on.</summary>
    public void Refuse(int port) => _refused[port] = true;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _refused.ContainsKey(request.RequestUri!.Port)
            ? throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused")
            : Task.FromResult(new HttpResponseMessage { Content = new StringContent(request.RequestUri.Authority), RequestMessage = request });
}
