using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Reads the states of a registration one by one, with a timeout.</summary>
internal sealed class StateReader : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly IAsyncEnumerator<RegistrationState> _states;
    private Task<bool> _moving = Task.FromResult(true);

    public StateReader(IServiceRegistration registration) =>
        _states = registration.WatchStateAsync(_ending.Token).GetAsyncEnumerator();

    /// <summary>The next state; null after the last one.</summary>
    public async Task<RegistrationState?> NextAsync()
    {
        _moving = _states.MoveNextAsync().AsTask();
        return await _moving.WaitAsync(Eventually.Patience) ? _states.Current : null;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await ((Task)_moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _states.DisposeAsync();
        _ending.Dispose();
    }
}
