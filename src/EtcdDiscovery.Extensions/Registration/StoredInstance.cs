namespace EtcdDiscovery.Registration;

/// <summary>An instance's value as it was put.</summary>
/// <param name="Session">The session that it vanishes with.</param>
/// <param name="Value">Its bytes.</param>
/// <param name="Revision">The number of the revision that put it.</param>
internal sealed record StoredInstance(IDiscoverySession Session, ReadOnlyMemory<byte> Value, long Revision);
