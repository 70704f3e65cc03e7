using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Resolution;

/// <summary>
/// Reads the names of services from their descriptions, which are one small entry per service, regardless of the number of instances.
/// </summary>
internal sealed class ServiceDirectory(IDiscoveryStore store) : IServiceDirectory
{
    public async Task<IReadOnlyList<string>> GetServiceNamesAsync(CancellationToken cancellationToken)
    {
        var contents = await store.ReadAsync([StoreRange.Prefix(ServiceKeys.Descriptions)], cancellationToken).ConfigureAwait(false);
        return [.. contents.Entries.Select(entry => ServiceKeys.ParseDescription(entry.Key)).OfType<string>()];
    }
}
