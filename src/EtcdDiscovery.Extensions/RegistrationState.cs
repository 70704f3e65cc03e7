using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Where a registration stands. While it is being withdrawn it keeps its state until it is <see cref="Withdrawn"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RegistrationState>))]
public enum RegistrationState
{
    /// <summary>Not in the store yet; it is being put, or the store is out of reach.</summary>
    Registering,

    /// <summary>In the store, and renewed in time.</summary>
    Registered,

    /// <summary>Still in the store, but a renewal is overdue: it will be lost when none succeeds in time.</summary>
    RenewingLate,

    /// <summary>
    /// No longer in the store: the session expired or was revoked, or others deleted or overwrote the entry. It is being put again.
    /// </summary>
    Lost,

    /// <summary>Taken out of the store, or left to expire there; final.</summary>
    Withdrawn,
}
