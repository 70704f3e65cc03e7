using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>
/// The state of a registration. A registration that is being withdrawn keeps its previous state until it is <see cref="Withdrawn"/>.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<RegistrationState>))]
public enum RegistrationState
{
    /// <summary>Not in the store yet: it is being written, or the store is unreachable.</summary>
    Registering,

    /// <summary>In the store, and the last renewal was in time.</summary>
    Registered,

    /// <summary>Still in the store, but a renewal is overdue. The entry expires unless a renewal succeeds in time.</summary>
    RenewingLate,

    /// <summary>
    /// No longer in the store: the session expired or was revoked, or another process deleted or overwrote the entry. The entry is being
    /// written again.
    /// </summary>
    Lost,

    /// <summary>Deleted from the store, or left to expire there. This state is final.</summary>
    Withdrawn,
}
