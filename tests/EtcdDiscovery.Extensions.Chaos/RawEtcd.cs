using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>etcd, asked over HTTP without any code of the library.</summary>
internal abstract class RawEtcd(IReadOnlyList<string> endpoints) : IAsyncDisposable
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);

    // Longer than any member is frozen: a request that was given up, and sent to another member, would be done twice, once of
    // it late.
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(15);

    private const int MaxAttempts = 300;

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Task<Answer?>[] _asked = [.. endpoints.Select(_ => Task.FromResult<Answer?>(null))];
    private volatile string _refusal = "no answer";

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
    /// All keys below a prefix as a majority knows them, and the leader's term, where the answer tells it; null without an
    /// answer. One read at a time.
    /// </summary>
    public abstract Task<(long? Term, IReadOnlyList<SeenKey> Keys)?> ReadAsync(string prefix);

    /// <summary>Puts a key that never expires.</summary>
    public abstract Task PutAsync(string key, string value);

    /// <summary>Puts another value, which never expires, over a key, unless that has changed since it was seen.</summary>
    /// <remarks>A request that etcd does late, and twice, must not put the key of a host that has ended meanwhile.</remarks>
    public abstract Task OverwriteAsync(SeenKey seen, string value);

    public abstract Task DeleteAsync(string key);

    /// <summary>Deletes all keys below a prefix.</summary>
    public abstract Task DeleteAllAsync(string prefix);

    /// <summary>Makes keys expire at once.</summary>
    public abstract Task ExpireAsync(IReadOnlyList<SeenKey> keys);

    /// <summary>Makes etcd forget all changes until now.</summary>
    public abstract Task ForgetHistoryAsync();

    /// <summary>The index of the member that leads.</summary>
    public async Task<int> FindLeaderAsync(CancellationToken cancellationToken)
    {
        // The members lead both stores, and this tells of it whichever of the two is in use.
        var status = Request.OfJson("/v3/maintenance/status", []);
        while (true)
        {
            for (var member = 0; member < endpoints.Count; member++)
            {
                if (await AskAsync(endpoints[member], status, ReadTimeout, cancellationToken) is { Body: var answer }
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
        await Task.WhenAll(_asked);
        _http.Dispose();
    }

    /// <summary>Whether the members serve the API at all.</summary>
    protected abstract Task<bool> IsServedAsync();

    /// <summary>Whether a request was refused because what it asks for is so already.</summary>
    protected abstract bool IsDone(JsonObject refusal);

    /// <summary>
    /// Asks all members at once, and the first answer counts: a frozen one must not hold the others up. A member that has not
    /// answered yet is not asked again.
    /// </summary>
    protected async Task<Answer?> AskAllAsync(Request request)
    {
        var asking = new List<Task<Answer?>>();
        for (var member = 0; member < endpoints.Count; member++)
        {
            if (_asked[member].IsCompleted)
            {
                asking.Add(_asked[member] = AskAsync(endpoints[member], request, ReadTimeout));
            }
        }

        while (asking.Count > 0)
        {
            var first = await Task.WhenAny(asking);
            if (await first is { } answer)
            {
                return answer;
            }

            asking.Remove(first);
        }

        return null;
    }

    /// <summary>Asks one member after the other until one has done it.</summary>
    protected async Task<Answer> DoAsync(Request request) => await TryAsync(request, MaxAttempts)
        ?? throw new InvalidOperationException($"No member of etcd does {request.Method} {request.Path}: {_refusal}");

    /// <summary>Asks one member after the other until one has done it, or until they were asked often enough: null then.</summary>
    protected async Task<Answer?> TryAsync(Request request, int attempts)
    {
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            if (await AskAsync(endpoints[attempt % endpoints.Count], request, WriteTimeout) is { } answer)
            {
                return answer;
            }

            await Task.Delay(100);
        }

        return null;
    }

    // Whatever a member that dies, starts or has no leader may answer with, it is no answer.
    private async Task<Answer?> AskAsync(
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
            if (JsonNode.Parse(text) is JsonObject answer && (response.IsSuccessStatusCode || IsDone(answer)))
            {
                return new Answer(answer, response.Headers);
            }

            _refusal = text;
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or IOException)
        {
            _refusal = e.Message;
            return null;
        }
    }

    /// <param name="Method">The HTTP method.</param>
    /// <param name="Path">The path and query.</param>
    /// <param name="Body">The body, if there is one.</param>
    /// <param name="MediaType">What the body is.</param>
    protected sealed record Request(HttpMethod Method, string Path, string? Body = null, string MediaType = "application/json")
    {
        public static Request OfJson(string path, JsonObject body) => new(HttpMethod.Post, path, body.ToJsonString());
    }

    protected sealed record Answer(JsonObject Body, HttpResponseHeaders Headers);
}
