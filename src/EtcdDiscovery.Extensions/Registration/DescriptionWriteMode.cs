namespace EtcdDiscovery.Registration;

/// <summary>How a registration treats its service's description at its next write.</summary>
internal enum DescriptionWriteMode
{
    /// <summary>Writes the description only if it is missing or damaged, and adopts its credentials.</summary>
    EnsureExists,

    /// <summary>Writes this instance's description, with the existing credentials.</summary>
    Update,

    /// <summary>Writes this instance's description, including its credentials.</summary>
    Overwrite,
}
