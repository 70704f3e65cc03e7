using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Looks at the keys of one registration all the time, past the code under test, and swears: never two.</summary>
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

    /// <summary>For how long at most the key was not there, once it had been.</summary>
    public TimeSpan LongestAbsence => _absence.Elapsed > _longestAbsence ? _absence.Elapsed : _longestAbsence;

    /// <summary>Looks by a function of the test's own, which throws while nothing is known.</summary>
    public static KeyWitness Of(Func<Task<IReadOnlyList<string>>> read) => new(read);

    /// <summary>Looks into a member's own copy of the data: it answers without a leader, too.</summary>
    public static KeyWitness Of(EtcdServer server, string service) =>
        new(async () => [.. (await server.ReadLocallyAsync($"/services/{service}/")).Select(entry => entry.Key)]);

    /// <summary>Stops looking and gives evidence.</summary>
    public async Task AssertNeverTwoKeysAsync()
    {
        await DisposeAsync();
        Assert.True(_looks > 0, "The witness saw nothing at all.");
        Assert.True(_most <= 1, $"{_most} keys of one registration at the same time.");
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
                // The server is away: nothing is known.
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
