namespace EtcdDiscovery.Registration;

/// <summary>What somebody found who looked for a service's description.</summary>
/// <param name="Entry">The description; null when there is none.</param>
internal sealed record SeenInfo(StoreEntry? Entry);
