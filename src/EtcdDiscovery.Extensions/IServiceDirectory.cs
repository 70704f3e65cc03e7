namespace EtcdDiscovery;

/// <summary>Lists the services in the store.</summary>
/// <remarks>
/// A singleton, safe for concurrent use. Every call reads the store, so do not use it on a hot path. Members that later versions add will
/// have default implementations.
/// </remarks>
public interface IServiceDirectory
{
    /// <summary>Gets the names of all services that have a description in the store.</summary>
    /// <remarks>
    /// Instances write the description of their service when they register. The description remains when the instances are gone, so a
    /// service in this list may have no instance. The list is empty if <see cref="EtcdDiscoveryOptions.Enabled"/> is
    /// <see langword="false"/>.
    /// </remarks>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The names, in the order of their UTF-8 bytes.</returns>
    /// <exception cref="EtcdDiscoveryException">The store cannot be read; transient unless the store refuses the request.</exception>
    Task<IReadOnlyList<string>> GetServiceNamesAsync(CancellationToken cancellationToken = default);
}
