using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Resolution;

/// <summary>
/// Reads the names of services from their descriptions. Each service has one small description, regardless of its number of instances.
/// </summary>
internal sealed class ServiceDirectory(IDiscoveryStore store) : IServiceDirectory, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public async Task<IReadOnlyList<string>> GetServiceNamesAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, typeof(IServiceDirectory));
        var contents = await ReadAsync(cancellationToken).ConfigureAwait(false);
        return [.. contents.Entries.Select(entry => ServiceKeys.ParseDescription(entry.Key)).OfType<string>()];
    }

    public void Dispose() => _stopping.Cancel();

    private async Task<StoreContents> ReadAsync(CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, cancellationToken);
        try
        {
            return await store.ReadAsync([StoreRange.Prefix(ServiceKeys.Descriptions)], linked.Token).ConfigureAwait(false);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(IServiceDirectory));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
