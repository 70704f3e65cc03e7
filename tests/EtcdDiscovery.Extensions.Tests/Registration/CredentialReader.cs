using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Reads what an application is told of its credentials, one by one, with patience.</summary>
internal sealed class CredentialReader : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly IAsyncEnumerator<ServiceCredentials?> _enumerator;
    private Task<bool> _moving = Task.FromResult(true);

    public CredentialReader(IServiceRegistration registration) =>
        _enumerator = registration.WatchCredentialsAsync(_ending.Token).GetAsyncEnumerator();

    /// <summary>The user that comes next.</summary>
    public async Task<string?> NextAsync()
    {
        _moving = _enumerator.MoveNextAsync().AsTask();
        Assert.True(await _moving.WaitAsync(Eventually.Patience), "A watch never ends but with an exception.");
        return _enumerator.Current?.User;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await ((Task)_moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _enumerator.DisposeAsync();
        _ending.Dispose();
    }
}
