using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>Three real servers of one service, registered in a real etcd by a separate application, and the applications that call them.</summary>
/// <remarks>A killed server stays registered, as a killed process does until its lease expires.</remarks>
internal sealed class Fleet : IAsyncDisposable
{
    private const string Host = "localhost";

    private readonly List<WebApplication> _servers = [];
    private readonly List<App> _callers = [];
    private readonly List<OwnRegistration> _registrations = [];
    private readonly string _etcd;
    private readonly App _registrar;

    private Fleet(string etcd, App registrar) => (_etcd, _registrar) = (etcd, registrar);

    public string Service { get; } = UniqueName.Of("catalog");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts the servers and registers them.</summary>
    /// <param name="etcd">The etcd server.</param>
    /// <param name="configure">Configures server number 0, 1, … before it is built.</param>
    /// <param name="map">Maps the endpoints of a server.</param>
    /// <param name="ports">The port names that each server registers.</param>
    /// <param name="protocols">The protocols that the servers accept.</param>
    /// <param name="certificate">The server certificate; null for plain text.</param>
    /// <param name="size">The number of servers.</param>
    public static async Task<Fleet> StartAsync(
        SharedEtcd etcd,
        Action<WebApplication, int> map,
        Action<WebApplicationBuilder>? configure = null,
        string[]? ports = null,
        HttpProtocols protocols = HttpProtocols.Http1,
        X509Certificate2? certificate = null,
        int size = 3) =>
        await StartAsync((await etcd.GetAsync(EtcdVersion.First)).Endpoint, map, configure, ports, protocols, certificate, size);

    /// <inheritdoc cref="StartAsync(SharedEtcd, Action{WebApplication, int}, Action{WebApplicationBuilder}, string[], HttpProtocols, X509Certificate2, int)"/>
    public static async Task<Fleet> StartAsync(
        string etcd,
        Action<WebApplication, int> map,
        Action<WebApplicationBuilder>? configure = null,
        string[]? ports = null,
        HttpProtocols protocols = HttpProtocols.Http1,
        X509Certificate2? certificate = null,
        int size = 3)
    {
        var fleet = new Fleet(etcd, await App.StartAsync(Product.Settings(etcd)));
        for (var i = 0; i < size; i++)
        {
            var port = await fleet.AddServerAsync(app => map(app, i), configure, protocols, certificate);
            await fleet.RegisterAsync(fleet.Service, (ports ?? ["http"]).ToDictionary(name => name, _ => port));
        }

        return fleet;
    }

    /// <summary>Registers an instance of any service on the local machine.</summary>
    public async Task RegisterAsync(string service, Dictionary<string, string> ports, string hostname = Host)
    {
        var registration = _registrar.Services.Register(new Registering(service) { Hostname = hostname, Ports = ports });
        await registration.RegisteredAsync(Token);
        _registrations.Add(registration);
    }

    /// <summary>Puts an instance into maintenance; its server goes on.</summary>
    public Task PauseAsync(int index) => _registrations[index].PauseAsync("a test", Token);

    /// <summary>Returns an instance to service.</summary>
    public Task ResumeAsync(int index) => _registrations[index].ResumeAsync(Token);

    /// <summary>Withdraws an instance; its server goes on.</summary>
    public ValueTask UnregisterAsync(int index) => _registrations[index].DisposeAsync();

    /// <summary>Stops a server abruptly: its connections break, and new ones are refused.</summary>
    public async Task KillAsync(int index)
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _servers[index].StopAsync(now.Token);
    }

    /// <summary>Starts an application that calls the service.</summary>
    public async Task<IServiceProvider> StartCallerAsync(Action<IServiceCollection> configure)
    {
        var caller = await App.StartAsync(Product.Settings(_etcd), builder => configure(builder.Services));
        _callers.Add(caller);
        await Eventually.TrueAsync(
            async () => (await caller.Services.InstancesAsync(Service, Token)).Count == _servers.Count, "the caller resolves all servers");
        return caller.Services;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers)
        {
            await caller.DisposeAsync();
        }

        for (var i = 0; i < _servers.Count; i++)
        {
            await KillAsync(i);
            await _servers[i].DisposeAsync();
        }

        await _registrar.DisposeAsync();
    }

    private async Task<string> AddServerAsync(
        Action<WebApplication> map, Action<WebApplicationBuilder>? configure, HttpProtocols protocols, X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        configure?.Invoke(builder);
        var app = builder.Build();
        map(app);
        await app.StartAsync(Token);
        _servers.Add(app);
        return new Uri(app.Urls.Single()).Port.ToString(CultureInfo.InvariantCulture);
    }
}
