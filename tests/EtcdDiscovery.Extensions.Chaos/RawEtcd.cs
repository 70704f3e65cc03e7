using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>An HTTP client for etcd that shares no code with the library.</summary>
internal abstract class RawEtcd(IReadOnlyList<string> endpoints) : IAsyncDisposable
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);

    // Longer than any member is paused: a write that is abandoned and sent to another member would be applied twice, the
    // second time late.
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(15);

    private const int MaxAttempts = 300;

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Task<Answer?>[] _pending = [.. endpoints.Select(_ => Task.FromResult<Answer?>(null))];
    private volatile string _lastError = "no answer";

    public static RawEtcd Create(EtcdApi api, IReadOnlyList<string> endpoints) =>
        api == EtcdApi.V2 ? new RawEtcdV2(endpoints) : new RawEtcdV3(endpoints);

    /// <exception cref="NotSupportedException">The cluster does not serve the API.</exception>
    public static async Task<RawEtcd> OpenAsync(EtcdApi api, EtcdCluster cluster)
    {
        var etcd = Create(api, cluster.Endpoints);
        if (await etcd.IsServedAsync())
        {
            return etcd;
        }

        await etcd.DisposeAsync();
        throw new NotSupportedException(
            $"This etcd has no {api} API: choose 3.4 or 3.5 with ETCD_BIN, or with ETCD_BIN_2 and --second.");
    }

    /// <summary>
    /// A linearizable read of all keys below a prefix, with the leader's term if the response contains it; null without a
    /// response. Not for concurrent use.
    /// </summary>
    public abstract Task<(long? Term, IReadOnlyList<SeenKey> Keys)?> ReadAsync(string prefix);

    /// <summary>Puts a key that never expires.</summary>
    public abstract Task PutAsync(string key, string value);

    /// <summary>Overwrites a key with a value that never expires, unless the key has changed since it was seen.</summary>
    /// <remarks>The condition prevents a late or repeated request from recreating the key of a host that has exited in the meantime.</remarks>
    public abstract Task OverwriteAsync(SeenKey seen, string value);

    public abstract Task DeleteAsync(string key);

    /// <summary>Deletes all keys below a prefix.</summary>
    public abstract Task DeleteAllAsync(string prefix);

    /// <summary>Makes keys expire immediately.</summary>
    public abstract Task ExpireAsync(IReadOnlyList<SeenKey> keys);

    /// <summary>Makes etcd discard all previous changes.</summary>
    public abstract Task ForgetHistoryAsync();

    /// <summary>Returns the index of the leader.</summary>
    public async Task<int> FindLeaderAsync(CancellationToken cancellationToken)
    {
        // Both stores have the same leader, so the v3 status is valid for v2 too.
        var status = Request.OfJson("/v3/maintenance/status", []);
        while (true)
        {
            for (var member = 0; member < endpoints.Count; member++)
            {
                if (await SendAsync(endpoints[member], status, ReadTimeout, cancellationToken) is { Body: var answer }
                    && (string?)answer["leader"] is { } leader && leader == (string?)answer["header"]?["member_id"])
                {
                    return member;
                }
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_pending);
        _http.Dispose();
    }

    /// <summary>Whether the members serve the API.</summary>
    protected abstract Task<bool> IsServedAsync();

    /// <summary>Whether a request was rejected because its effect is already in place.</summary>
    protected abstract bool IsAlreadyDone(JsonObject refusal);

    /// <summary>
    /// Sends the request to all members and returns the first response, so that a paused member delays nothing. Skips members
    /// whose previous response is pending.
    /// </summary>
    protected async Task<Answer?> SendToAllAsync(Request request)
    {
        var pending = new List<Task<Answer?>>();
        for (var member = 0; member < endpoints.Count; member++)
        {
            if (_pending[member].IsCompleted)
            {
                pending.Add(_pending[member] = SendAsync(endpoints[member], request, ReadTimeout));
            }
        }

        while (pending.Count > 0)
        {
            var first = await Task.WhenAny(pending);
            if (await first is { } answer)
            {
                return answer;
            }

            pending.Remove(first);
        }

        return null;
    }

    /// <summary>Sends the request to one member after the other until it succeeds.</summary>
    protected async Task<Answer> ExecuteAsync(Request request) => await TryExecuteAsync(request, MaxAttempts)
        ?? throw new InvalidOperationException($"No member of etcd accepted {request.Method} {request.Path}: {_lastError}");

    /// <summary>Sends the request to one member after the other until it succeeds; null after the given number of attempts.</summary>
    protected async Task<Answer?> TryExecuteAsync(Request request, int attempts)
    {
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            if (await SendAsync(endpoints[attempt % endpoints.Count], request, WriteTimeout) is { } answer)
            {
                return answer;
            }

            await Task.Delay(100);
        }

        return null;
    }

    // Any error of a member that is starting, stopping or without a leader counts as no response.
    private async Task<Answer?> SendAsync(
        string endpoint, Request request, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        linked.CancelAfter(timeout);
        try
        {
            using var message = new HttpRequestMessage(request.Method, new Uri(endpoint + request.Path));
            message.Content = request.Body is { } body ? new StringContent(body, Encoding.UTF8, request.MediaType) : null;
            using var response = await _http.SendAsync(message, linked.Token);
            var text = await response.Content.ReadAsStringAsync(linked.Token);
            if (JsonNode.Parse(text) is JsonObject answer && (response.IsSuccessStatusCode || IsAlreadyDone(answer)))
            {
                return new Answer(answer, response.Headers);
            }

            _lastError = text;
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or IOException)
        {
            _lastError = e.Message;
            return null;
        }
    }

    /// <param name="Method">The HTTP method.</param>
    /// <param name="Path">The path and query.</param>
    /// <param name="Body">The body, if any.</param>
    /// <param name="MediaType">The media type of the body.</param>
    protected sealed record Request(HttpMethod Method, string Path, string? Body = null, string MediaType = "application/json")
    {
        public static Request OfJson(string path, JsonObject body) => new(HttpMethod.Post, path, body.ToJsonString());
    }

    protected sealed record Answer(JsonObject Body, HttpResponseHeaders Headers);
}
