namespace EtcdDiscovery;

/// <summary>What <see cref="IServiceResolver.Report"/> tells of a call to an instance.</summary>
public enum CallOutcome
{
    /// <summary>A call begins: it is outstanding until one of the others is reported.</summary>
    Started,

    /// <summary>The instance did its work, even if its answer was that the request is wrong.</summary>
    Succeeded,

    /// <summary>The instance could not be reached, did not answer in time, or could not do its work.</summary>
    Failed,

    /// <summary>The caller gave up, which says nothing about the instance.</summary>
    Cancelled,
}
