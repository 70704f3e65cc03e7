using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Transport;
using Etcdserverpb;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd;

/// <summary>
/// Holds the auth token of the configured user. All calls share one token; a new one is requested when etcd no longer accepts it.
/// </summary>
/// <param name="login">Returns the current login; null if none is configured.</param>
/// <param name="logger">The logger.</param>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The semaphore never allocates a handle.")]
internal sealed partial class AuthTokens(Func<EtcdLogin?> login, ILogger logger)
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Issue? _latest;
    private volatile bool _hasWarned;

    public bool AreUsed => login() is not null;

    /// <summary>The current token; null if there is none.</summary>
    public string? AtHand => _latest is { } latest && latest.Login == login() ? latest.Token : null;

    /// <summary>Gets the current token, or requests one; null if no login is configured or etcd's authentication is disabled.</summary>
    /// <exception cref="EtcdCallException">Etcd rejected the login or cannot be reached.</exception>
    public async ValueTask<string?> GetAsync(
        Func<AuthenticateRequest, CancellationToken, Task<AuthenticateResponse>> authenticateAsync, CancellationToken cancellationToken)
    {
        if (login() is not { } wanted)
        {
            return null;
        }

        if (_latest is { } latest && latest.Login == wanted)
        {
            return latest.Token;
        }

        // All waiting calls share one request, because checking a password costs etcd a tenth of a second of processor time.
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_latest is not { } issued || issued.Login != wanted)
            {
                _latest = issued = new Issue(wanted, await RequestTokenAsync(wanted, authenticateAsync, cancellationToken).ConfigureAwait(false));
            }

            return issued.Token;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Discards a token that etcd no longer accepts.</summary>
    public void Forget(string? token)
    {
        if (_latest is { } latest && latest.Token == token)
        {
            Interlocked.CompareExchange(ref _latest, null, latest);
        }
    }

    private async Task<string?> RequestTokenAsync(
        EtcdLogin wanted,
        Func<AuthenticateRequest, CancellationToken, Task<AuthenticateResponse>> authenticateAsync,
        CancellationToken cancellationToken)
    {
        try
        {
            var request = new AuthenticateRequest { Name = wanted.User, Password = wanted.Password };
            return (await authenticateAsync(request, cancellationToken).ConfigureAwait(false)).Token;
        }
        catch (EtcdCallException error) when (error.Code == StatusCode.FailedPrecondition)
        {
            // If authentication is enabled later, etcd rejects calls without a token, and a token is requested then.
            if (!_hasWarned)
            {
                _hasWarned = true;
                Log.AuthenticationDisabled(logger);
            }

            return null;
        }
        catch (EtcdCallException error) when (error is { IsAnswer: true, Code: StatusCode.InvalidArgument })
        {
            throw new EtcdCallException(error.Code, $"{error.Message}; check EtcdDiscovery:Etcd:User and Password", error) { IsAnswer = true };
        }
    }

    private sealed record Issue(EtcdLogin Login, string? Token);
}
