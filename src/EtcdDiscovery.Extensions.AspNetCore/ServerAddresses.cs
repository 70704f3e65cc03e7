using System.Collections.Concurrent;
using System.Net;
using EtcdDiscovery.Primitives;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Adds the addresses of the server to the options, if the configuration contains none.</summary>
/// <remarks>
/// The options are created again when the application has started and the addresses are known. When the options are first validated, there
/// are no addresses yet.
/// </remarks>
internal sealed partial class ServerAddresses(
    IServiceProvider services,
    Machine machine,
    IOptions<ServerAddressOptions> options,
    IConfiguration configuration,
    ILoggerFactory loggerFactory)
    : IPostConfigureOptions<EtcdDiscoveryOptions>, IPostConfigureOptions<ServiceRegistrationOptions>, IHostedLifecycleService
{
    private readonly ILogger _logger = new SafeLoggerFactory(loggerFactory).CreateLogger(LogCategories.AspNetCore);
    private readonly ConcurrentDictionary<string, bool> _warned = new(StringComparer.Ordinal);
    private volatile bool _hasLeftOut;

    private IPNetwork? PreferredNetwork =>
        IPNetwork.TryParse(options.Value.PreferredNetwork, out var network) ? network : null;

    public void PostConfigure(string? name, EtcdDiscoveryOptions options) => PostConfigure(name, options.Service);

    public void PostConfigure(string? name, ServiceRegistrationOptions options)
    {
        if (options.Name is null || options.Ports is { Count: > 0 })
        {
            return;
        }

        // Resolved late, because creating the server may need options.
        if (services.GetService<IServer>() is not { } server)
        {
            return;
        }

        var bindings = Binding.Read(server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
        if (bindings.Count > 0)
        {
            Fill(options, KestrelEndpoint.Assign(configuration, bindings));
        }
        else
        {
            // Clients could not call an instance without an address. Before the server is bound, nothing is registered anyway.
            options.Enabled = false;
            _hasLeftOut = true;
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Logs a warning if a service is not registered because the server has no network address.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (_hasLeftOut && services.GetService<IServer>() is { } server)
        {
            var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
            if (Binding.Read(addresses).Count == 0)
            {
                Log.NoNetworkAddress(_logger, addresses.Count > 0 ? string.Join(", ", addresses) : server.GetType().Name);
            }
        }

        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Fill(ServiceRegistrationOptions service, List<Binding> bindings)
    {
        if (!bindings.TrueForAll(binding => binding.IsLoopback))
        {
            bindings.RemoveAll(binding => binding.IsLoopback);
        }

        if (string.IsNullOrEmpty(service.Hostname) || (service.Public && string.IsNullOrEmpty(service.PrivateHostname)))
        {
            var host = HostOf(bindings);
            if (string.IsNullOrEmpty(service.Hostname))
            {
                service.Hostname = host;
                LeaveOut(service, bindings.FindAll(binding => binding.Host is not null && binding.Host != host));
                bindings.RemoveAll(binding => binding.Host is not null && binding.Host != host);
            }

            if (service.Public && string.IsNullOrEmpty(service.PrivateHostname))
            {
                service.PrivateHostname = host;
            }
        }

        service.Ports = PortsOf(service, bindings);
    }

    private string? HostOf(List<Binding> bindings)
    {
        if (bindings.Exists(binding => binding.Host is null) && NameOfMachine() is { } name)
        {
            return name;
        }

        var hosts = bindings.ConvertAll(binding => binding.Host).OfType<string>().ToList();
        return hosts.Find(host => IPAddress.TryParse(host, out var address) && PreferredNetwork?.Contains(address) == true)
            ?? hosts.Find(host => !IPAddress.TryParse(host, out var address) || Machine.IsReachable(address))
            ?? hosts.FirstOrDefault();
    }

    private string? NameOfMachine()
    {
        if (PreferredNetwork is not { } network)
        {
            return machine.Name();
        }

        var addresses = machine.Addresses();
        if (addresses.FirstOrDefault(network.Contains) is { } preferred)
        {
            return preferred.ToString();
        }

        var name = machine.Name();
        if (_warned.TryAdd(nameof(PreferredNetwork), true))
        {
            Log.NotInPreferredNetwork(_logger, network, string.Join(", ", addresses), name ?? "nothing");
        }

        return name;
    }

    /// <summary>For each scheme, names one port after the scheme, and the ports of other endpoints after their endpoints.</summary>
    private Dictionary<string, string> PortsOf(ServiceRegistrationOptions service, List<Binding> bindings)
    {
        var ordered = bindings.DistinctBy(binding => (binding.Scheme, binding.Port)).OrderBy(RankOf).ToList();
        var first = ordered.DistinctBy(binding => binding.Scheme, StringComparer.Ordinal).ToList();
        var ports = first.ToDictionary(binding => binding.Scheme, binding => binding.Port, StringComparer.Ordinal);
        LeaveOut(service, [.. ordered.Except(first)
            .Where(binding => binding.Endpoint is not { } endpoint || !ports.TryAdd(endpoint.PortName, binding.Port))]);
        return ports;
    }

    // Clients that do not name a port expect a web server.
    private static int RankOf(Binding binding) => binding.Endpoint switch
    {
        { } endpoint when endpoint.PortName == binding.Scheme => 0,
        { SpeaksHttp1: false } or { PortName: "grpc" } => 2,
        _ => 1,
    };

    private void LeaveOut(ServiceRegistrationOptions service, List<Binding> bindings)
    {
        foreach (var binding in bindings.Where(binding => _warned.TryAdd($"{service.Name} {binding}", true)))
        {
            Log.AddressLeftOut(_logger, LogSanitizer.Sanitize(service.Name!), binding.ToString());
        }
    }
}
