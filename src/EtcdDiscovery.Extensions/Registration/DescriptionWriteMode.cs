namespace EtcdDiscovery.Registration;

/// <summary>What a registration wants of its service's description at its next write.</summary>
internal enum DescriptionWriteMode
{
    /// <summary>That there is one: it restores a lost one, and takes credentials over.</summary>
    EnsureExists,

    /// <summary>That it says what this host says, with the credentials that are there already.</summary>
    Update,

    /// <summary>That it says what this host says, credentials included.</summary>
    Overwrite,
}
