namespace EtcdDiscovery.Chaos;

/// <summary>Tracks since when etcd has been available. Deadlines never start earlier.</summary>
internal sealed class Availability
{
    private bool _isSilent = true;
    private long _term;
    private int _unavailableMembers;
    private TimeSpan _membersChanged = TimeSpan.MinValue;

    /// <summary>Since when etcd has been answering under the current leader, which in v3 extended all leases when it took over.</summary>
    public TimeSpan Since { get; private set; }

    public void OnNoAnswer() => _isSilent = true;

    /// <param name="at">The time of the answer.</param>
    /// <param name="term">The leader's term; null if the answer did not contain it.</param>
    public void OnAnswer(TimeSpan at, long? term)
    {
        if (_isSilent || (term ?? _term) != _term)
        {
            Since = at;
        }

        (_isSilent, _term) = (false, term ?? _term);
    }

    public void OnMembersUnavailable(int count, TimeSpan at) => (_unavailableMembers, _membersChanged) = (count, at);

    /// <summary>The deadline of an action that has been possible since <paramref name="from"/>.</summary>
    public TimeSpan Due(TimeSpan from, TimeSpan bound)
    {
        var due = (from > Since ? from : Since) + bound;
        var mayFailOver = _unavailableMembers > 0 || _membersChanged > from - Bounds.FailoverTime;
        return mayFailOver ? due + Bounds.FailoverTime : due;
    }
}
