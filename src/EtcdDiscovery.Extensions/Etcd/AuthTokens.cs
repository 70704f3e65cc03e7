using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Transport;
using Etcdserverpb;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>The token that speaks for the configured user: requested once for all calls, and anew when etcd has forgotten it.</summary>
/// <param name="login">The login as it is now; null when etcd asks for none.</param>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The gate never has a handle.")]
internal sealed class AuthTokens(Func<EtcdLogin?> login)
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Issue? _latest;

    public bool AreUsed => login() is not null;

    /// <summary>The token at hand; null when there is none.</summary>
    public string? AtHand => _latest is { } latest && latest.Login == login() ? latest.Token : null;

    /// <summary>The token at hand, else a new one; null when etcd asks for none.</summary>
    /// <exception cref="EtcdCallException">Etcd does not know the user, or cannot be asked.</exception>
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

        // One question for all who wait: to check a password costs etcd a tenth of a second of a processor.
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_latest is not { } issued || issued.Login != wanted)
            {
                _latest = issued = new Issue(wanted, await AskAsync(wanted, authenticateAsync, cancellationToken).ConfigureAwait(false));
            }

            return issued.Token;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Etcd does not take this token any more.</summary>
    public void Forget(string? token)
    {
        if (_latest is { } latest && latest.Token == token)
        {
            Interlocked.CompareExchange(ref _latest, null, latest);
        }
    }

    private static async Task<string?> AskAsync(
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
            // Authentication is not enabled, yet. Should it be later, calls without a token are refused.
            return null;
        }
        catch (EtcdCallException error) when (error is { IsAnswer: true, Code: StatusCode.InvalidArgument })
        {
            throw new EtcdCallException(error.Code, $"{error.Message}; check EtcdDiscovery:Etcd:User and Password", error) { IsAnswer = true };
        }
    }

    private sealed record Issue(EtcdLogin Login, string? Token);
}
