namespace EtcdDiscovery.Registration;

/// <summary>Where the process's session stands.</summary>
internal enum SessionPhase
{
    /// <summary>There has been none yet.</summary>
    Opening,

    /// <summary>There is one, renewed in time.</summary>
    Open,

    /// <summary>There is one, but a renewal is overdue.</summary>
    Late,

    /// <summary>There was one; another is being opened.</summary>
    Lost,
}
