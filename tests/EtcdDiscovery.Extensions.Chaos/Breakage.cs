using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Chaos;

/// <summary>Ways to break a host. Each violates one invariant.</summary>
internal enum BreakageKind
{
    /// <summary>It registers twice.</summary>
    RegistersTwice,

    /// <summary>Its key has a lease that outlives the process.</summary>
    LeavesKey,

    /// <summary>Its key never expires.</summary>
    PutsWithoutExpiry,

    /// <summary>It withdraws while it is serving.</summary>
    Withdraws,

    /// <summary>It registers again under another instance id.</summary>
    ChangesId,

    /// <summary>Its process exits unexpectedly.</summary>
    Exits,

    /// <summary>One of its tasks fails, and the exception is never observed.</summary>
    LeavesExceptionUnobserved,
}

/// <summary>Deliberately broken hosts, which prove that the checks detect violations.</summary>
internal static class Breakage
{
    /// <summary>The exit code of <see cref="BreakageKind.Exits"/>.</summary>
    public const int ExitCode = 4;

    /// <summary>The message of the exception of <see cref="BreakageKind.LeavesExceptionUnobserved"/>.</summary>
    public const string UnobservedMessage = "Left unobserved by the self-test.";

    /// <summary>Breaks a registered host; returns the additional hosts that this needs.</summary>
    /// <param name="kind">How to break the host.</param>
    /// <param name="host">The host.</param>
    /// <param name="buildTwin">Builds another host of the same name, with the given time to live.</param>
    /// <param name="etcd">etcd, for violations that the library itself cannot be made to commit.</param>
    public static async Task<IReadOnlyList<IHost>> BreakAsync(
        BreakageKind kind, IHost host, Func<TimeSpan, IHost> buildTwin, RawEtcd etcd)
    {
        var registration = RegistrationOf(host);
        await registration.WaitUntilRegisteredAsync();
        // Let the checks observe the healthy state first.
        await Task.Delay(TimeSpan.FromSeconds(1));
        if (kind == BreakageKind.Exits)
        {
            Environment.Exit(ExitCode);
        }

        if (kind == BreakageKind.LeavesExceptionUnobserved)
        {
            _ = Task.FromException(new InvalidOperationException(UnobservedMessage));
            return [];
        }

        if (kind != BreakageKind.RegistersTwice)
        {
            await registration.DisposeAsync();
        }

        if (kind == BreakageKind.PutsWithoutExpiry)
        {
            await etcd.PutAsync(ChildHosts.Prefix + registration.InstanceId, "{}");
        }

        return kind is BreakageKind.Withdraws or BreakageKind.PutsWithoutExpiry
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
