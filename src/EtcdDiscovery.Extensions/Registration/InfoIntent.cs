namespace EtcdDiscovery.Registration;

/// <summary>What a registration wants of its service's description at its next write.</summary>
internal enum InfoIntent
{
    /// <summary>That there is one: it restores a lost one, and takes credentials over.</summary>
    Keep,

    /// <summary>That it says what this host says, with the credentials that are there already.</summary>
    Describe,

    /// <summary>That it says what this host says, credentials included.</summary>
    Claim,
}
