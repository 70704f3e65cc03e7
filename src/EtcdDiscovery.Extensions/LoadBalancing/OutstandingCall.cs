namespace EtcdDiscovery.LoadBalancing;

/// <summary>One call that counts as outstanding until it ends.</summary>
/// <param name="balancer">The balancer of the instance's service.</param>
/// <param name="calls">The calls to the instance.</param>
internal sealed class OutstandingCall(BalancerState balancer, InstanceCallState calls) : ServiceCall
{
    // Null once the call has ended. A separate flag would make each call 8 bytes larger.
    private BalancerState? _balancer = balancer;

    public override void Complete(bool succeeded) => End(succeeded);

    public override void Dispose() => End(null);

    private void End(bool? succeeded) => Interlocked.Exchange(ref _balancer, null)?.EndCall(calls, succeeded);
}
