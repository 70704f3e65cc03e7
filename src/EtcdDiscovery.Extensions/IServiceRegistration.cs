using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>One registered service of this process. Disposing it withdraws it.</summary>
/// <remarks>
/// <para>
/// Safe for concurrent use. Applications may implement it for tests: members that later versions add will have default implementations. The
/// service stays registered until the registration is disposed or the host stops. If its entry in the store is lost, the entry is written
/// again.
/// </para>
/// <para>
/// Disposing drains the instance for <see cref="EtcdDiscoveryOptions.DrainDelay"/>, then deletes it from the store. Disposing never throws,
/// and can be repeated. While the store is unreachable, disposal completes once the instance has expired. If the store refuses to delete
/// the instance, disposal completes at once, and the instance stays until a later attempt succeeds or the lease of this process ends.
/// </para>
/// </remarks>
public interface IServiceRegistration : IAsyncDisposable
{
    /// <summary>The service's name.</summary>
    string ServiceName { get; }

    /// <summary>
    /// The instance's identity: <c>&lt;uuid v4&gt;-&lt;private hostname&gt;</c>. It does not change during the lifetime of the
    /// registration.
    /// </summary>
    string InstanceId { get; }

    /// <summary>The current state. Reading it does not access the store.</summary>
    RegistrationState State { get; }

    /// <summary>
    /// Why the last attempt to register, renew or change the instance failed; <see langword="null"/> if the attempt succeeded or is still
    /// running.
    /// </summary>
    string? Failure { get; }

    /// <summary>
    /// The instance as it should be in the store, with the host name, ports and status that other processes see once it is registered.
    /// </summary>
    ServiceInstance Instance { get; }

    /// <summary>The credentials that callers authenticate with; <see langword="null"/> if none are required.</summary>
    [JsonIgnore]
    ServiceCredentials? Credentials { get; }

    /// <summary>Whether the instance takes requests, as published to other processes.</summary>
    ServiceStatus Status { get; }

    /// <summary>Waits until the instance, with all changes made so far, is in the store.</summary>
    /// <param name="cancellationToken">Cancels the wait only; registration continues.</param>
    /// <returns>A task that completes when the instance is in the store.</returns>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn, before the call or during it.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task WaitUntilRegisteredAsync(CancellationToken cancellationToken = default);

    /// <summary>Follows <see cref="State"/>: its current value, then each change.</summary>
    /// <remarks>
    /// A slow reader may miss intermediate states, but never the last one. The enumeration ends after
    /// <see cref="RegistrationState.Withdrawn"/>. If the registration is already withdrawn, that is the only state it yields. Any number of
    /// enumerations may run at the same time.
    /// </remarks>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The states.</returns>
    /// <exception cref="OperationCanceledException">The token is cancelled; thrown by the enumeration.</exception>
    IAsyncEnumerable<RegistrationState> WatchStateAsync(CancellationToken cancellationToken = default);

    /// <summary>Follows <see cref="Credentials"/>: their current value, then each change that this process or another one makes.</summary>
    /// <remarks>
    /// A slow reader may miss intermediate values, but never the last one. The enumeration ends when the registration is withdrawn. Any
    /// number of enumerations may run at the same time.
    /// </remarks>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The credentials.</returns>
    /// <exception cref="OperationCanceledException">The token is cancelled; thrown by the enumeration.</exception>
    IAsyncEnumerable<ServiceCredentials?> WatchCredentialsAsync(CancellationToken cancellationToken = default);

    /// <summary>Changes the credentials. For a public service, the credentials of all its instances change within about a second.</summary>
    /// <param name="credentials">The new credentials; a user is required.</param>
    /// <param name="cancellationToken">Cancels the wait only; the change is still made.</param>
    /// <returns>A task that completes when the credentials are in the store.</returns>
    /// <exception cref="ArgumentException">
    /// The user is missing or contains a colon (RFC 7617, 2), or the credentials are so long that the registration would exceed 64 KiB.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task SetCredentialsAsync(ServiceCredentials credentials, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets whether the instance takes requests. This library's resolvers pick only instances whose status is
    /// <see cref="ServiceStatus.Serving"/>. Go's clients ignore the status and pick any instance.
    /// </summary>
    /// <param name="status">The new status.</param>
    /// <param name="reason">A human-readable reason; none by default.</param>
    /// <param name="cancellationToken">Cancels the wait only; the change is still made.</param>
    /// <returns>A task that completes when the change is in the store.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is not serving, draining or maintenance.</exception>
    /// <exception cref="ArgumentException">The reason is so long that the registration would exceed 64 KiB.</exception>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task SetStatusAsync(ServiceStatus status, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>Changes the ports, metadata or credentials of the instance. It keeps its id and stays registered throughout.</summary>
    /// <remarks>The credentials change only if they differ from those in the previous options.</remarks>
    /// <param name="options">
    /// The complete new options, with the same name. The options are copied, as in <see cref="IServiceRegistry.Register"/>.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait only; the change is still made.</param>
    /// <returns>A task that completes when the change is in the store.</returns>
    /// <exception cref="ArgumentException">The options have another name.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">
    /// Some options are invalid; the message lists all of them.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The registration was withdrawn.</exception>
    /// <exception cref="OperationCanceledException">The token is cancelled.</exception>
    Task UpdateAsync(ServiceRegistrationOptions options, CancellationToken cancellationToken = default);
}
