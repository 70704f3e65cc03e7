namespace EtcdDiscovery;

/// <summary>Where a registration stands.</summary>
public enum RegistrationState
{
    /// <summary>Not in the store yet; it is being put, or the store is out of reach.</summary>
    Registering,

    /// <summary>In the store, and renewed in time.</summary>
    Registered,

    /// <summary>Still in the store, but a renewal is overdue: it will be lost when none succeeds in time.</summary>
    RenewingLate,

    /// <summary>The session expired or was revoked; it is being put again.</summary>
    Lost,

    /// <summary>Taken out of the store; final.</summary>
    Withdrawn,
}
