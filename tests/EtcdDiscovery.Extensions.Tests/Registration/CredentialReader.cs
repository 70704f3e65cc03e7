using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Reads the credentials that an application receives one by one, with a timeout.</summary>
internal sealed class CredentialReader : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly IAsyncEnumerator<ServiceCredentials?> _enumerator;
    private Task<bool> _moving = Task.FromResult(true);

    public CredentialReader(IServiceRegistration registration) =>
        _enumerator = registration.WatchCredentialsAsync(_ending.Token).GetAsyncEnumerator();

    /// <summary>The next user.</summary>
    public async Task<string?> NextAsync()
    {
        _moving = _enumerator.MoveNextAsync().AsTask();
        Assert.True(await _moving.WaitAsync(Eventually.Patience), "A watch ended without an exception.");
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
