using System.Globalization;
using System.Text.Json.Nodes;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A host with the Go library: replays its recorded requests against a real etcd, step by step.</summary>
internal sealed class GoHost : IAsyncDisposable
{
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(4);

    private readonly HttpClient _http;
    private readonly CancellationTokenSource _ending = new();
    private readonly IReadOnlyList<RecordedRequest> _recorded;
    private readonly Func<string, string> _adapt;
    private readonly List<string> _users = [];
    private readonly SemaphoreSlim _putting = new(1, 1);
    private Task _living = Task.CompletedTask;
    private string _hostBody = "";

    private GoHost(string endpoint, IReadOnlyList<RecordedRequest> recorded, Func<string, string> adapt)
    {
        _http = new HttpClient { BaseAddress = new Uri(endpoint), Timeout = Timeout.InfiniteTimeSpan };
        (_recorded, _adapt) = (recorded, adapt);
        Id = Guid.NewGuid().ToString();
    }

    public string Id { get; }

    /// <summary>The users that the host's application has received, in order.</summary>
    public IReadOnlyList<string> Users
    {
        get
        {
            lock (_users)
            {
                return [.. _users];
            }
        }
    }

    /// <summary>Registers a service as in the recorded case <c>01-public-full</c>, with another name and user.</summary>
    public static async Task<GoHost> StartAsync(EtcdServer server, string service, string user, bool isPublic = true)
    {
        var golden = GoldenCase.Load("01-public-full");
        var recorded = golden.Requests;
        var recordedId = recorded[1].Target[^56..^20];
        GoHost? host = null;
        host = new GoHost(server.Endpoint, recorded, text => text
            .Replace(golden.Service, service, StringComparison.Ordinal)
            .Replace(recordedId, host!.Id, StringComparison.Ordinal)
            .Replace(Form("\"user\":\"user\""), isPublic ? Form($"\"user\":\"{user}\"") : "", StringComparison.Ordinal));
        await host.RegisterAsync(service, user, isPublic);
        return host;
    }

    /// <summary>Ends without withdrawing, as after kill -9.</summary>
    public async Task KillAsync()
    {
        await _ending.CancelAsync();
        await _living.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Withdraws: deletes the key.</summary>
    public async Task StopAsync()
    {
        await KillAsync();
        await SendAsync(_recorded.Single(request => request.Method == "DELETE"));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _http.Dispose();
        _ending.Dispose();
        _putting.Dispose();
    }

    private async Task RegisterAsync(string service, string user, bool isPublic)
    {
        var info = _recorded[0];
        // A private host writes a description with only the name, and overwrites any other.
        var described = await SendAsync(isPublic ? info : info with { Body = "value=" + Form($$"""{"name":"{{service}}","critical":false}""") });
        _hostBody = _recorded[1].Body;
        await PutHostAsync();
        Tell(user);
        var index = described["node"]!["modifiedIndex"]!.GetValue<long>();
        _living = Task.WhenAll(RenewAsync(), isPublic ? WatchAsync(index) : Task.CompletedTask);
    }

    private async Task RenewAsync()
    {
        while (true)
        {
            await Task.Delay(Renewal, _ending.Token);
            await PutHostAsync();
        }
    }

    private async Task WatchAsync(long index)
    {
        var recorded = _recorded[2];
        var known = recorded.Target[(recorded.Target.LastIndexOf('=') + 1)..];
        while (true)
        {
            var next = recorded with { Target = recorded.Target[..^known.Length] + (index + 1).ToString(CultureInfo.InvariantCulture) };
            var change = await SendAsync(next);
            index = change["node"]!["modifiedIndex"]!.GetValue<long>();
            var value = change["node"]!["value"]?.GetValue<string>();
            var described = value is null ? null : JsonNode.Parse(value);
            var user = described?["user"]?.GetValue<string>() ?? "";
            await AdoptAsync(user, described?["password"]?.GetValue<string>() ?? "");
            Tell(user);
        }
    }

    // Go writes both into the value, and omits empty ones.
    private async Task AdoptAsync(string user, string password)
    {
        var body = Uri.UnescapeDataString(_adapt(_hostBody)[("ttl=5&value=".Length)..].Replace('+', ' '));
        var host = JsonNode.Parse(body)!.AsObject();
        host["user"] = user;
        host["password"] = password;
        _hostBody = "ttl=5&value=" + Form(host.ToJsonString());
        await PutHostAsync();
    }

    private async Task PutHostAsync()
    {
        await _putting.WaitAsync(_ending.Token);
        try
        {
            await SendAsync(_recorded[1] with { Body = _hostBody });
        }
        finally
        {
            _putting.Release();
        }
    }

    private async Task<JsonNode> SendAsync(RecordedRequest recorded)
    {
        using var request = new HttpRequestMessage(new HttpMethod(recorded.Method), _adapt(recorded.Target));
        if (recorded.Body.Length > 0)
        {
            request.Content = new StringContent(_adapt(recorded.Body));
            request.Content.Headers.ContentType = new(recorded.ContentType!);
        }

        using var response = await _http.SendAsync(request, recorded.Method == "DELETE" ? default : _ending.Token);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private void Tell(string user)
    {
        lock (_users)
        {
            _users.Add(user);
        }
    }

    private static string Form(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
