using System.Collections.Concurrent;
using System.Text;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;

namespace EtcdDiscovery.EtcdV2;

/// <summary>A session backed by a set of keys. Each key has its own time to live, and all of them are refreshed together.</summary>
/// <remarks>
/// etcd v2 has no sessions. A session is lost if one of its keys vanishes; its owner then opens a new session and puts everything again. A
/// refresh increases the revision of a key, but durable entries are not refreshed.
/// </remarks>
internal sealed class V2Session : IDiscoverySession
{
    private const int MaxConcurrentCalls = 8;

    private readonly V2Client _client;
    private readonly RenewalTimeout _timeout;
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private readonly ConcurrentDictionary<string, HeldKey> _keys = new(StringComparer.Ordinal);
    private volatile string? _lost;

    private V2Session(V2Client client, TimeSpan timeToLive, TimeSpan latency)
    {
        _client = client;
        TimeToLive = timeToLive;
        _timeout = new RenewalTimeout(client.RequestTimeout, timeToLive, client.Endpoints.Count, latency);
    }

    public TimeSpan TimeToLive { get; }

    /// <summary>Creates a session after verifying that etcd has the v2 keys API enabled and has a leader. Writes nothing.</summary>
    public static async Task<V2Session> OpenAsync(V2Client client, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var asked = client.TimeProvider.GetTimestamp();
        await client.ProbeAsync(RenewalTimeout.LeastOf(client.RequestTimeout, timeToLive), cancellationToken).ConfigureAwait(false);
        // etcd counts in whole seconds.
        var seconds = Math.Max(1, (long)Math.Ceiling(timeToLive.TotalSeconds));
        return new V2Session(client, TimeSpan.FromSeconds(seconds), client.TimeProvider.GetElapsedTime(asked));
    }

    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfLost();
            await ForEachAsync(_keys, key => RefreshAsync(key.Key, key.Value, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            _renewing.Release();
        }
    }

    public async Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfLost();
        StoreRevision? revision = null;
        foreach (var put in puts)
        {
            var answer = await PutAsync(put, cancellationToken).ConfigureAwait(false);
            if (answer.IsRefused)
            {
                return null;
            }

            revision = answer.Revision with { Number = answer.Node.ModifiedIndex };
        }

        return revision;
    }

    public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ForEachAsync(keys, async key =>
        {
            _keys.TryRemove(key, out _);
            await _client.CallAsync(V2Request.Delete(key), cancellationToken).ConfigureAwait(false);
        });
    }

    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _lost ??= "it was closed";
        if (_client.Endpoints.Count > 1)
        {
            // An unresponsive member must not delay the process's shutdown, so it is left early.
            await _client.CheckAsync(_client.ProbeTimeout.Current / 2, cancellationToken).ConfigureAwait(false);
        }

        await ForEachAsync(_keys, async key =>
        {
            if (await IsOursAsync(key.Key, key.Value, cancellationToken).ConfigureAwait(false))
            {
                await _client.CallAsync(V2Request.Delete(key.Key), cancellationToken).ConfigureAwait(false);
            }

            _keys.TryRemove(key);
        }).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<V2Response> PutAsync(StorePut put, CancellationToken cancellationToken)
    {
        var value = Encoding.UTF8.GetString(put.Value.Span);
        if (!put.IsDurable)
        {
            // From here on, the key may exist, even if the response to the put is lost.
            _keys[put.Key] = new HeldKey(value, isCertain: false);
        }

        var answer = await _client.CallAsync(V2Request.Put(put, value, TimeToLive), cancellationToken).ConfigureAwait(false);
        if (answer.IsKeyThere)
        {
            await ThrowIfDirectoryAsync(put.Key, cancellationToken).ConfigureAwait(false);
        }

        if (!put.IsDurable && !answer.IsRefused)
        {
            _keys[put.Key] = new HeldKey(value, isCertain: true);
        }

        return answer;
    }

    private async Task RefreshAsync(string key, HeldKey held, CancellationToken cancellationToken)
    {
        var asked = _client.TimeProvider.GetTimestamp();
        try
        {
            var request = V2Request.Refresh(key, TimeToLive);
            var answer = await _client.CallAsync(request, _timeout.Current, cancellationToken).ConfigureAwait(false);
            _timeout.OnAnswered(_client.TimeProvider.GetElapsedTime(asked));
            // If the key has just been withdrawn or put again, the session is not lost.
            if (answer.IsKeyMissing && held.IsCertain && _keys.TryGetValue(key, out var now) && now == held)
            {
                _lost ??= $"the key {LogSanitizer.Sanitize(key)} has expired or was deleted";
                ThrowIfLost();
            }
        }
        catch (EtcdDiscoveryException e) when (e is not SessionLostException)
        {
            _timeout.OnFailed();
            throw;
        }
    }

    /// <summary>
    /// Whether the key still has the value that this session put. Values are unique, because they contain the instance's id.
    /// </summary>
    private async Task<bool> IsOursAsync(string key, HeldKey held, CancellationToken cancellationToken)
    {
        var answer = await ReadAsync(key, cancellationToken).ConfigureAwait(false);
        return !answer.IsKeyMissing && (!held.IsCertain || answer.Node.Value == held.Value);
    }

    // Throws instead of retrying, because a retry cannot succeed: a service named a/b turns a key of the service a into a directory.
    private async Task ThrowIfDirectoryAsync(string key, CancellationToken cancellationToken)
    {
        var answer = await ReadAsync(key, cancellationToken).ConfigureAwait(false);
        if (answer is { IsKeyMissing: false, Node.Dir: true })
        {
            throw new EtcdDiscoveryException(
                $"{LogSanitizer.Sanitize(key)} is a directory in etcd that contains other keys, so it cannot hold a value.");
        }
    }

    private Task<V2Response> ReadAsync(string key, CancellationToken cancellationToken) =>
        _client.CallAsync(V2Request.Read(StoreRange.Exact(key)), cancellationToken);

    private void ThrowIfLost()
    {
        if (_lost is { } reason)
        {
            throw new SessionLostException($"The session no longer exists in etcd: {reason}.");
        }
    }

    private static async Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> action)
    {
        foreach (var chunk in items.Chunk(MaxConcurrentCalls))
        {
            await Task.WhenAll(chunk.Select(action)).ConfigureAwait(false);
        }
    }

    /// <summary>The value that was put under a key. Each put creates a new object, so that puts can be distinguished.</summary>
    private sealed class HeldKey(string value, bool isCertain)
    {
        public string Value => value;

        public bool IsCertain => isCertain;
    }
}
