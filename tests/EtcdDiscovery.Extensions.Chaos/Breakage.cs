using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Chaos;

/// <summary>What a host does wrong, one violation each.</summary>
internal enum BreakageKind
{
    /// <summary>It registers twice.</summary>
    RegistersTwice,

    /// <summary>Its key hangs on a lease that outlives it.</summary>
    LeavesKey,

    /// <summary>It withdraws although it serves.</summary>
    Withdraws,

    /// <summary>It registers again as somebody else.</summary>
    ChangesId,

    /// <summary>It ends by itself.</summary>
    Dies,
}

/// <summary>Hosts that break their promises, so that the checks can prove that they notice.</summary>
internal static class Breakage
{
    /// <summary>Breaks a host that is registered; returns the hosts that it takes to do so.</summary>
    public static async Task<IReadOnlyList<IHost>> BreakAsync(
        BreakageKind kind, IHost host, Func<IHost> buildTwin, IReadOnlyList<string> endpoints)
    {
        var registry = host.Services.GetRequiredService<IServiceRegistry>();
        var registration = registry.Registrations[0];
        await registration.WaitUntilRegisteredAsync();
        // Time for the checks to see how it is when all is well.
        await Task.Delay(TimeSpan.FromSeconds(1));
        switch (kind)
        {
            case BreakageKind.RegistersTwice:
                var twin = buildTwin();
                await twin.StartAsync();
                return [twin];
            case BreakageKind.LeavesKey:
                await LeaveKeyAsync($"/services/{registration.ServiceName}/{registration.InstanceId}", endpoints);
                break;
            case BreakageKind.Withdraws:
                await registration.DisposeAsync();
                break;
            case BreakageKind.ChangesId:
                await registration.DisposeAsync();
                var again = buildTwin();
                await again.StartAsync();
                return [again];
            case BreakageKind.Dies:
                Environment.Exit(4);
                break;
        }

        return [];
    }

    private static async Task LeaveKeyAsync(string key, IReadOnlyList<string> endpoints)
    {
        await using var etcd = new RawEtcd(endpoints);
        var lease = await etcd.GrantAsync(TimeSpan.FromMinutes(10));
        var (_, keys) = await etcd.ReadAsync(key) ?? throw new InvalidOperationException("etcd does not answer.");
        await etcd.PutAsync(key, keys[0].Value, lease);
    }
}
