using System.Diagnostics;

namespace EtcdDiscovery.Tests.Infrastructure.Deployment;

/// <summary>Sends requests at a constant rate, however long each takes, and counts failures.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly Func<int, CancellationToken, Task> _send;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Task _sending;
    private List<Task<string?>> _failures = [];

    /// <param name="perSecond">The number of requests per second.</param>
    /// <param name="send">Sends a request, and throws if the response is wrong.</param>
    public Load(int perSecond, Func<int, CancellationToken, Task> send)
    {
        _send = send;
        _sending = SendAsync(perSecond);
    }

    /// <summary>Returns the number of requests that were sent since the last call, and the failures among them with their reasons.</summary>
    public async Task<LoadResult> TakeAsync()
    {
        List<Task<string?>> sent;
        lock (_gate)
        {
            (sent, _failures) = (_failures, []);
        }

        var failures = await Task.WhenAll(sent);
        return new LoadResult(sent.Count, [.. failures.OfType<string>()]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _sending;
        await TakeAsync();
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

            lock (_gate)
            {
                _failures.Add(SendOneAsync(number));
            }
        }
    }

    private async Task<string?> SendOneAsync(int number)
    {
        await Task.Yield();
        try
        {
            await _send(number, CancellationToken.None);
            return null;
        }
        catch (Exception error)
        {
            return error.Message;
        }
    }
}

/// <summary>The results of a number of requests.</summary>
internal sealed record LoadResult(int Sent, IReadOnlyList<string> Failures);
