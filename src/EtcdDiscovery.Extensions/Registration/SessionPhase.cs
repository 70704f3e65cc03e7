namespace EtcdDiscovery.Registration;

/// <summary>The phases of the session of this process.</summary>
internal enum SessionPhase
{
    /// <summary>No session has been opened yet.</summary>
    Opening,

    /// <summary>The session is open and renewed in time.</summary>
    Open,

    /// <summary>The session is open, but a renewal is overdue.</summary>
    Late,

    /// <summary>The session is lost; another one is being opened.</summary>
    Lost,
}
