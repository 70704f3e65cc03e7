using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A store whose reads and watches can fail in every way. Writes always work.</summary>
internal interface IUnreliableStore : IAsyncDisposable
{
    /// <summary>The store that readers use.</summary>
    IDiscoveryStore Store { get; }

    /// <summary>Puts entries in one transaction.</summary>
    Task PutAsync(int lease, params (string Key, string Value)[] entries);

    Task DeleteAsync(params string[] keys);

    /// <summary>Expires a lease and replaces it under the same number.</summary>
    Task ExpireAsync(int lease);

    Task CompactAsync();

    Task LoseHistoryAsync();

    void Disconnect();

    void Reconnect();

    /// <summary>The actual entries under a prefix, ordered by key.</summary>
    Task<IReadOnlyList<(string Key, string Value)>> ReadAsync(string prefix);

    /// <summary>Lets some time pass in which readers may retry.</summary>
    Task PassAsync();
}
