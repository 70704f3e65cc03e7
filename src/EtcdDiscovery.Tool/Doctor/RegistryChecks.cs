using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tool.Doctor;

/// <summary>Checks what is registered: unreadable entries, and instances that clients cannot reach.</summary>
internal sealed class RegistryChecks(IDiscoveryStore store, IServiceResolver resolver, string keyPrefix)
{
    private const int Parallelism = 16;
    private const int MaxListed = 20;

    private static readonly TimeSpan LookUpTimeout = TimeSpan.FromSeconds(2);

    private string Instances => keyPrefix + ServiceKeys.Instances;

    private string Descriptions => keyPrefix + ServiceKeys.Descriptions;

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        var contents = await store.ReadAsync([StoreRange.Prefix(Instances), StoreRange.Prefix(Descriptions)], cancellationToken);
        var byService = contents.Entries.Select(entry => entry.Key).ToLookup(ServiceOf, StringComparer.Ordinal);
        var services = byService.Select(keys => keys.Key).ToList();
        var snapshots = new ServiceSnapshot?[services.Count];
        await ForEachAsync(services.Count, async (index, token) => snapshots[index] = await FindAsync(services[index], token), cancellationToken);
        var faults = snapshots.SelectMany((snapshot, index) => CheckEntries(byService[services[index]], snapshot));
        var known = snapshots.OfType<ServiceSnapshot>().ToList();
        return
        [
            .. Limit("entries", faults, $"all entries are readable (entries: {contents.Entries.Count}, services: {services.Count})"),
            .. Limit("hosts", await CheckHostsAsync(known, cancellationToken), "every instance has a port and a host that can be called"),
        ];
    }

    /// <summary>Finds the entries of a service that are not in its snapshot, because clients skip them.</summary>
    private IEnumerable<Finding> CheckEntries(IEnumerable<string> keys, ServiceSnapshot? snapshot)
    {
        var readable = snapshot?.Instances.Select(instance => $"{Instances}{instance.ServiceName}/{instance.Id}").ToHashSet(StringComparer.Ordinal) ?? [];
        var instances = keys.Where(key => key.StartsWith(Instances, StringComparison.Ordinal) && !readable.Contains(key)).ToList();
        var descriptions = snapshot is null || snapshot.UnreadableEntries > instances.Count
            ? keys.Where(key => key.StartsWith(Descriptions, StringComparison.Ordinal))
            : [];
        return instances.Concat(descriptions).Select(key => Finding.Problem(
            "entries", LogSanitizer.Sanitize(key), "unreadable, so clients skip it", "correct the program that wrote it, and delete the key: etcdctl del KEY"));
    }

    private static async Task<IEnumerable<Finding>> CheckHostsAsync(List<ServiceSnapshot> snapshots, CancellationToken cancellationToken)
    {
        var instances = snapshots.SelectMany(snapshot => snapshot.Instances).ToList();
        var hosts = instances.SelectMany(HostsOf).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var problems = new string?[hosts.Count];
        await ForEachAsync(hosts.Count, async (index, token) => problems[index] = await DescribeAsync(hosts[index], token), cancellationToken);
        var faults = hosts.Zip(problems).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.OrdinalIgnoreCase);
        return instances.SelectMany(instance => CheckInstance(instance, faults));
    }

    private static IEnumerable<Finding> CheckInstance(ServiceInstance instance, Dictionary<string, string?> faults)
    {
        var subject = LogSanitizer.Sanitize($"{instance.ServiceName}/{instance.Id}");
        var ports = (instance.Ports ?? ServiceMap.Empty).Concat(instance.PrivatePorts ?? ServiceMap.Empty).ToList();
        if (ports.Count == 0)
        {
            yield return Finding.Warning("hosts", subject, "has no port", "set EtcdDiscovery:Service:Ports, or call UseServerAddresses(), in that application");
        }

        foreach (var (scheme, port) in ports.Where(entry => !ServiceUriBuilder.IsPort(entry.Value)).Distinct())
        {
            yield return Finding.Warning(
                "hosts", subject, $"port {LogSanitizer.Sanitize($"{scheme}={port}")} is not a number from 1 to 65535", "correct EtcdDiscovery:Service:Ports in that application");
        }

        foreach (var host in HostsOf(instance))
        {
            if (faults[host] is { } fault)
            {
                yield return Finding.Warning(
                    "hosts",
                    subject,
                    $"host '{LogSanitizer.Sanitize(host)}' {fault}",
                    "set EtcdDiscovery:Service:Hostname or PrivateHostname in that application to a name or address that its callers can reach");
            }
        }
    }

    private static async Task<string?> DescribeAsync(string host, CancellationToken cancellationToken)
    {
        if (LoopbackHost.Is(host))
        {
            return "can be called only from its own machine";
        }

        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
        {
            return address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? "means all addresses of a machine, so clients cannot connect to it" : null;
        }

        using var timeout = new CancellationTokenSource(LookUpTimeout, TimeProvider.System);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await Dns.GetHostAddressesAsync(host, linked.Token);
            return null;
        }
        catch (Exception error) when (error is SocketException or ArgumentException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return "cannot be resolved on this machine";
        }
    }

    // An instance's key directly below the prefix does not belong to any service.
    private string ServiceOf(string key) => key.StartsWith(Descriptions, StringComparison.Ordinal) ? key[Descriptions.Length..]
        : key.LastIndexOf('/') is var end && end > Instances.Length ? key[Instances.Length..end]
        : "";

    private async ValueTask<ServiceSnapshot?> FindAsync(string service, CancellationToken cancellationToken)
    {
        try
        {
            return await resolver.GetSnapshotAsync(service, cancellationToken: cancellationToken);
        }
        catch (ArgumentException)
        {
            // The name is invalid, so its entries are unreadable.
            return null;
        }
    }

    private static IEnumerable<string> HostsOf(ServiceInstance instance) =>
        new[] { instance.Hostname, instance.PrivateHostname }.Where(host => !string.IsNullOrEmpty(host)).Distinct().OfType<string>();

    private static List<Finding> Limit(string check, IEnumerable<Finding> findings, string success)
    {
        var all = findings.ToList();
        return all.Count == 0 ? [Finding.Ok(check, "", success)]
            : all.Count <= MaxListed ? all
            : [.. all.Take(MaxListed), all[MaxListed] with { Subject = "", Message = $"{all.Count - MaxListed} more like these" }];
    }

    private static Task ForEachAsync(int count, Func<int, CancellationToken, Task> actAsync, CancellationToken cancellationToken)
    {
        var limit = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
        return Parallel.ForAsync(0, count, limit, async (index, token) => await actAsync(index, token));
    }
}
