using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A store with everything that can happen to it. Writing works always, only readers suffer.</summary>
internal interface IUnreliableStore : IAsyncDisposable
{
    /// <summary>What readers read.</summary>
    IDiscoveryStore Store { get; }

    /// <summary>Puts entries together.</summary>
    Task PutAsync(int lease, params (string Key, string Value)[] entries);

    Task DeleteAsync(params string[] keys);

    /// <summary>Ends a lease; another one with its number begins.</summary>
    Task ExpireAsync(int lease);

    Task CompactAsync();

    Task LoseHistoryAsync();

    void Disconnect();

    void Reconnect();

    /// <summary>What there is in truth under a prefix, in the order of the keys.</summary>
    Task<IReadOnlyList<(string Key, string Value)>> ReadAsync(string prefix);

    /// <summary>Lets a moment pass in which readers may try again.</summary>
    Task PassAsync();
}
