using System.Net;
using EtcdDiscovery.Primitives;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Adds the addresses of the server to the options, if the configuration contains none.</summary>
/// <remarks>
/// The options are created again when the application has started and the addresses are known. When they are validated at first, there are
/// no addresses yet.
/// </remarks>
internal sealed partial class ServerAddresses(
    IServiceProvider services, Machine machine, IOptions<ServerAddressOptions> options, ILoggerFactory loggerFactory)
    : IPostConfigureOptions<EtcdDiscoveryOptions>, IPostConfigureOptions<ServiceRegistrationOptions>, IHostedLifecycleService
{
    private readonly ILogger _logger = new SafeLoggerFactory(loggerFactory).CreateLogger(LogCategories.AspNetCore);
    private volatile bool _hasWarned;
    private volatile bool _hasLeftOut;

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
            Fill(options, bindings);
        }
        else
        {
            // An instance without an address could not be called. Before the server is bound, nothing is registered anyway.
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
        if (bindings.TrueForAll(binding => binding.IsLoopback))
        {
            Warn(service, bindings);
        }
        else
        {
            bindings.RemoveAll(binding => binding.IsLoopback);
        }

        if (string.IsNullOrEmpty(service.Hostname))
        {
            var host = bindings.Exists(binding => binding.Host is null) ? machine.NameFor(PreferredNetwork()) : null;
            host ??= bindings.Find(binding => binding.Host is not null)?.Host;
            bindings.RemoveAll(binding => binding.Host is not null && binding.Host != host);
            service.Hostname = host;
        }

        service.Ports = bindings
            .DistinctBy(binding => binding.Scheme, StringComparer.Ordinal)
            .ToDictionary(binding => binding.Scheme, binding => binding.Port, StringComparer.Ordinal);
    }

    private IPNetwork? PreferredNetwork() =>
        IPNetwork.TryParse(options.Value.PreferredNetwork, out var network) ? network : null;

    private void Warn(ServiceRegistrationOptions service, List<Binding> bindings)
    {
        if (service.Public && !_hasWarned)
        {
            _hasWarned = true;
            Log.LoopbackOnly(_logger, service.Name!, string.Join(", ", bindings.Select(binding => $"{binding.Scheme}://{binding.Host}:{binding.Port}")));
        }
    }
}
