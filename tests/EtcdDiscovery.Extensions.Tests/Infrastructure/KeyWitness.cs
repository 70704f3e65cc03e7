using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Continuously reads the keys of one registration, without the library, and asserts that there are never two.</summary>
internal sealed class KeyWitness : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Func<Task<IReadOnlyList<string>>> _read;
    private readonly CancellationTokenSource _ending = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly Stopwatch _absence = new();
    private readonly Task _looking;
    private TimeSpan _longestAbsence;
    private int _looks;
    private int _most;

    private KeyWitness(Func<Task<IReadOnlyList<string>>> read)
    {
        _read = read;
        _looking = Task.Run(LookAsync);
    }

    /// <summary>The longest time for which the key was absent after it had first appeared.</summary>
    public TimeSpan LongestAbsence => _absence.Elapsed > _longestAbsence ? _absence.Elapsed : _longestAbsence;

    /// <summary>Reads keys with a delegate of the test, which throws while the keys cannot be read.</summary>
    public static KeyWitness Of(Func<Task<IReadOnlyList<string>>> read) => new(read);

    /// <summary>Reads a member's own copy of the data, which works without a leader.</summary>
    public static KeyWitness Of(EtcdServer server, string service) =>
        new(async () => [.. (await server.ReadLocallyAsync($"/services/{service}/")).Select(entry => entry.Key)]);

    /// <summary>Stops reading and asserts that there were never two keys.</summary>
    public async Task AssertNeverTwoKeysAsync()
    {
        await DisposeAsync();
        Assert.True(_looks > 0, "No key was ever seen.");
        Assert.True(_most <= 1, $"One registration had {_most} keys at the same time.");
        Assert.True(_seen.Count <= 1, $"One registration had several keys: {string.Join(", ", _seen)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _looking;
    }

    private async Task LookAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                Look(await _read());
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // etcd is unreachable, so the keys cannot be read.
            }

            await Task.Delay(Interval, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Look(IReadOnlyList<string> keys)
    {
        _looks++;
        _most = Math.Max(_most, keys.Count);
        _seen.UnionWith(keys);
        if (keys.Count > 0)
        {
            _longestAbsence = LongestAbsence;
            _absence.Reset();
        }
        else if (_seen.Count > 0)
        {
            _absence.Start();
        }
    }
}
