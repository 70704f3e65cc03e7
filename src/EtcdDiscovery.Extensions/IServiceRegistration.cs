using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>One registered service of this process. Disposing it withdraws it.</summary>
/// <remarks>
/// <para>Safe for concurrent use. It stays registered until it is disposed or the host stops: whatever happens to the store, it is put again.</para>
/// <para>
/// Disposing drains the instance for <see cref="EtcdDiscoveryOptions.DrainDelay"/>, then deletes it from the store. It never throws, and
/// can be repeated. While the store is out of reach it completes when the instance has expired.
/// </para>
/// </remarks>
public interface IServiceRegistration : IAsyncDisposable
{
    /// <summary>The service's name.</summary>
    string ServiceName { get; }

    /// <summary>The instance's identity: <c>&lt;uuid v4&gt;-&lt;private hostname&gt;</c>; it stays the same for the registration's life.</summary>
    string InstanceId { get; }

    /// <summary>Where the registration stands now. Reading it does not access the store.</summary>
    RegistrationState State { get; }

    /// <summary>The instance as it is to be in the store: with the host name, ports and status that other processes see once it is there.</summary>
    ServiceInstance Instance { get; }

    /// <summary>What callers authenticate with; <see langword="null"/> when nothing is asked for.</summary>
    [JsonIgnore]
    ServiceCredentials? Credentials { get; }

    /// <summary>Whether the instance takes requests, as others see it.</summary>
    ServiceStatus Status { get; }

    /// <summary>Waits until everything about the instance is in the store.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the registering.</param>
    /// <returns>A task that completes at once when it is in the store already.</returns>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn, before the call or during it.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task WaitUntilRegisteredAsync(CancellationToken cancellationToken = default);

    /// <summary>Follows <see cref="State"/>: its current value, then each change.</summary>
    /// <remarks>
    /// A slow reader may miss states in between, but never the last one. The enumeration ends after
    /// <see cref="RegistrationState.Withdrawn"/>, which is all that a withdrawn registration yields. Any number of enumerations may run
    /// at the same time.
    /// </remarks>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The states.</returns>
    /// <exception cref="OperationCanceledException">The token is cancelled; thrown by the enumeration.</exception>
    IAsyncEnumerable<RegistrationState> WatchStateAsync(CancellationToken cancellationToken = default);

    /// <summary>Follows <see cref="Credentials"/>: their current value, then each change, by this host or another.</summary>
    /// <remarks>
    /// A slow reader may miss credentials in between, but never the last ones. The enumeration ends only by cancellation. Any number of
    /// enumerations may run at the same time.
    /// </remarks>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The credentials.</returns>
    /// <exception cref="OperationCanceledException">The token is cancelled; thrown by the enumeration.</exception>
    IAsyncEnumerable<ServiceCredentials?> WatchCredentialsAsync(CancellationToken cancellationToken = default);

    /// <summary>Changes the credentials; of a public service those of all its hosts, within about a second.</summary>
    /// <param name="credentials">The new ones, with a user.</param>
    /// <param name="cancellationToken">Ends the waiting, not the changing.</param>
    /// <returns>A task that completes when they are in the store.</returns>
    /// <exception cref="ArgumentException">They have no user, or are so long that the registration would exceed 64 KiB.</exception>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task SetCredentialsAsync(ServiceCredentials credentials, CancellationToken cancellationToken = default);

    /// <summary>Says whether the instance takes requests. Resolvers of this library pick only those that serve; Go's pick all.</summary>
    /// <param name="status">The new status.</param>
    /// <param name="reason">Why, for people; by default nothing is said.</param>
    /// <param name="cancellationToken">Ends the waiting, not the changing.</param>
    /// <returns>A task that completes when it is in the store.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is not serving, draining or maintenance.</exception>
    /// <exception cref="ArgumentException">The reason is so long that the registration would exceed 64 KiB.</exception>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task SetStatusAsync(ServiceStatus status, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>Changes what is registered, without a gap: the same instance with other ports, metadata or credentials.</summary>
    /// <remarks>Credentials change only when the options name others than the options before.</remarks>
    /// <param name="options">All of what is to be registered now, with the same name. They are copied, as by <see cref="IServiceRegistry.Register"/>.</param>
    /// <param name="cancellationToken">Ends the waiting, not the changing.</param>
    /// <returns>A task that completes when it is in the store.</returns>
    /// <exception cref="ArgumentException">The options have another name.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Some options are wrong; the message lists all of them.</exception>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task UpdateAsync(ServiceRegistrationOptions options, CancellationToken cancellationToken = default);
}
