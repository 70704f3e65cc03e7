namespace EtcdDiscovery.Diagnostics;

/// <summary>An instance that is not picked for a while because calls to it failed.</summary>
/// <param name="Instance">The instance.</param>
/// <param name="EndsAt">When it may be picked again, by this machine's clock, unless a call succeeds earlier.</param>
public sealed record InstanceEjection(ServiceInstance Instance, DateTimeOffset EndsAt);
