namespace EtcdDiscovery.Chaos;

/// <summary>Tracks since when etcd has been available. No deadline starts earlier.</summary>
internal sealed class Steadiness
{
    private bool _isSilent = true;
    private long _term;
    private int _membersOut;
    private TimeSpan _membersChanged = TimeSpan.MinValue;

    /// <summary>Since when it answers under the present leader, which in v3 extended all leases when it took over.</summary>
    public TimeSpan Since { get; private set; }

    public void OnSilence() => _isSilent = true;

    /// <param name="at">When it answered.</param>
    /// <param name="term">The leader's term; null when it was not told.</param>
    public void OnAnswer(TimeSpan at, long? term)
    {
        if (_isSilent || (term ?? _term) != _term)
        {
            Since = at;
        }

        (_isSilent, _term) = (false, term ?? _term);
    }

    public void OnMembersOut(int count, TimeSpan at) => (_membersOut, _membersChanged) = (count, at);

    /// <summary>By when something that was possible from a moment on has to be done.</summary>
    public TimeSpan Due(TimeSpan from, TimeSpan bound)
    {
        var due = (from > Since ? from : Since) + bound;
        var isHardToReach = _membersOut > 0 || _membersChanged > from - Bounds.FindsAnotherMember;
        return isHardToReach ? due + Bounds.FindsAnotherMember : due;
    }
}
