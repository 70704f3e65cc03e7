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

    /// <summary>Its key never expires.</summary>
    PutsForGood,

    /// <summary>It withdraws although it serves.</summary>
    Withdraws,

    /// <summary>It registers again under another instance id.</summary>
    ChangesId,

    /// <summary>It ends by itself.</summary>
    Dies,

    /// <summary>One of its tasks fails and the exception is never observed.</summary>
    FailsUnseen,
}

/// <summary>Deliberately broken hosts, which prove that the checks detect violations.</summary>
internal static class Breakage
{
    /// <summary>Breaks a host that is registered; returns the hosts that it takes to do so.</summary>
    /// <param name="kind">What it does wrong.</param>
    /// <param name="host">The host.</param>
    /// <param name="buildTwin">Makes another host of the same name, with a time to live.</param>
    /// <param name="etcd">etcd, for what no host can be made to do.</param>
    public static async Task<IReadOnlyList<IHost>> BreakAsync(
        BreakageKind kind, IHost host, Func<TimeSpan, IHost> buildTwin, RawEtcd etcd)
    {
        var registration = RegistrationOf(host);
        await registration.WaitUntilRegisteredAsync();
        // Time for the checks to see how it is when all is well.
        await Task.Delay(TimeSpan.FromSeconds(1));
        if (kind == BreakageKind.Dies)
        {
            Environment.Exit(4);
        }

        if (kind == BreakageKind.FailsUnseen)
        {
            _ = Task.FromException(new InvalidOperationException("This is what the self-test wants."));
            return [];
        }

        if (kind != BreakageKind.RegistersTwice)
        {
            await registration.DisposeAsync();
        }

        if (kind == BreakageKind.PutsForGood)
        {
            await etcd.PutAsync(ChildHosts.Prefix + registration.InstanceId, "{}");
        }

        return kind is BreakageKind.Withdraws or BreakageKind.PutsForGood
            ? []
            : [await StartAsync(buildTwin(kind == BreakageKind.LeavesKey ? TimeSpan.FromMinutes(10) : Bounds.TimeToLive))];
    }

    private static async Task<IHost> StartAsync(IHost host)
    {
        await host.StartAsync();
        await RegistrationOf(host).WaitUntilRegisteredAsync();
        return host;
    }

    private static IServiceRegistration RegistrationOf(IHost host) =>
        host.Services.GetRequiredService<IServiceRegistry>().Registrations[0];
}
