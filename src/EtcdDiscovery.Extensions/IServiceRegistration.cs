namespace EtcdDiscovery;

/// <summary>One registered service of this process. Disposing it withdraws it.</summary>
/// <remarks>Safe for concurrent use. It keeps itself registered by itself, for ever, whatever happens to the store.</remarks>
public interface IServiceRegistration : IAsyncDisposable
{
    /// <summary>The service's name.</summary>
    string ServiceName { get; }

    /// <summary>The instance's identity: <c>&lt;uuid v4&gt;-&lt;private hostname&gt;</c>; it stays the same for the registration's life.</summary>
    string InstanceId { get; }

    /// <summary>Where the registration stands now.</summary>
    RegistrationState State { get; }

    /// <summary>What callers authenticate with; <see langword="null"/> when nothing is asked for.</summary>
    ServiceCredentials? Credentials { get; }

    /// <summary>Waits until the instance is in the store.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the registering.</param>
    /// <returns>A task that completes at once when the instance is in the store already.</returns>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn.</exception>
    Task WaitUntilRegisteredAsync(CancellationToken cancellationToken = default);
}
