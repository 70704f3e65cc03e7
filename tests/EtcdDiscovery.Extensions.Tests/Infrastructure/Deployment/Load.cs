using System.Collections.Concurrent;
using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure.Deployment;

/// <summary>Sends requests at a constant rate, however long each takes, and counts failures.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly Func<int, CancellationToken, Task> _send;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<int, Task> _underWay = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Task _sending;
    private int _sent;

    /// <param name="perSecond">The number of requests per second.</param>
    /// <param name="send">Sends a request, and throws if the response is wrong.</param>
    public Load(int perSecond, Func<int, CancellationToken, Task> send)
    {
        _send = send;
        _sending = SendAsync(perSecond);
    }

    /// <summary>Returns the number of requests since the last call, and the failures with their reasons.</summary>
    public async Task<LoadResult> TakeAsync()
    {
        var sent = Interlocked.Exchange(ref _sent, 0);
        await Task.WhenAll(_underWay.Values);
        var failures = new List<string>();
        while (_failures.TryDequeue(out var failure))
        {
            failures.Add(failure);
        }

        return new LoadResult(sent, failures);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _sending;
        await Task.WhenAll(_underWay.Values);
        _stopping.Dispose();
    }

    private async Task SendAsync(int perSecond)
    {
        var started = Stopwatch.StartNew();
        for (var number = 0; !_stopping.IsCancellationRequested; number++)
        {
            var early = (number / (double)perSecond) - started.Elapsed.TotalSeconds;
            if (early > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(early));
            }

            Interlocked.Increment(ref _sent);
            _underWay[number] = SendOneAsync(number);
        }
    }

    private async Task SendOneAsync(int number)
    {
        await Task.Yield();
        try
        {
            await _send(number, CancellationToken.None);
        }
        catch (Exception error)
        {
            _failures.Enqueue(error.Message);
        }

        _underWay.TryRemove(number, out _);
    }
}

/// <summary>The results of a number of requests.</summary>
internal sealed record LoadResult(int Sent, IReadOnlyList<string> Failures);
