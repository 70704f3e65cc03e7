using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>An application whose HTTP clients use discovery, and an in-memory store to register instances in.</summary>
internal sealed class HttpFleet : IAsyncDisposable
{
    public const string Client = "client";

    private readonly DiscoveryHost _host;

    private HttpFleet(DiscoveryHost host) => _host = host;

    public LogCapture Logs => _host.Logs;

    public IServiceProvider Services => _host.Services;

    public HttpClient Http => Services.GetRequiredService<IHttpClientFactory>().CreateClient(Client);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<HttpFleet> StartAsync(
        Action<HttpDiscoveryOptions>? options = null, Action<IHttpClientBuilder>? configure = null) =>
        new(await DiscoveryHost.StartAsync([], builder =>
        {
            builder.Services.AddEtcdDiscovery().UseInMemoryStore();
            var client = builder.Services.AddHttpClient(Client).AddEtcdDiscovery(options);
            configure?.Invoke(client);
        }));

    /// <summary>Starts a fleet with a test handler as primary handler.</summary>
    public static Task<HttpFleet> StartAsync(RecordingHandler primary, Action<HttpDiscoveryOptions>? options = null) =>
        StartAsync(options, client => client.ConfigurePrimaryHttpMessageHandler(() => primary));

    /// <summary>Registers an instance with ports such as <c>http=8080</c>, and waits until it is resolved.</summary>
    public async Task<IServiceRegistration> RegisterAsync(
        string service, string ports, string hostname = "127.0.0.1", Action<ServiceRegistrationOptions>? configure = null)
    {
        var options = new ServiceRegistrationOptions { Name = service, Hostname = hostname, Ports = MapOf(ports) };
        configure?.Invoke(options);
        var registration = _host.Registry.Register(options);
        await registration.WaitUntilRegisteredAsync(Token);
        await Eventually.TrueAsync(
            async () => (await _host.Resolver.GetSnapshotAsync(service, cancellationToken: Token)).Instances.Any(found => found.Id == registration.InstanceId),
            "the instance is resolved");
        return registration;
    }

    public Task<IServiceRegistration> RegisterAsync(string service, int port, Action<ServiceRegistrationOptions>? configure = null) =>
        RegisterAsync(service, string.Create(CultureInfo.InvariantCulture, $"http={port}"), configure: configure);

    /// <summary>A port on which no server listens.</summary>
    public static int RefusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static Dictionary<string, string> MapOf(string entries) => entries
        .Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(entry => entry.Split('='))
        .ToDictionary(entry => entry[0], entry => entry[1]);

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
