using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox;

/// <summary>An application with discovery, built as users build it, with its own settings and captured logs.</summary>
internal sealed class App : IAsyncDisposable
{
    private readonly IHost _host;

    private App(IHost host, LogCapture logs) => (_host, Logs) = (host, logs);

    public LogCapture Logs { get; }

    public IServiceProvider Services => _host.Services;

    /// <summary>The registration of the application itself.</summary>
    public OwnRegistration Registration => Assert.Single(Services.Registrations());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Builds an application.</summary>
    /// <param name="settings">The settings, by configuration key.</param>
    /// <param name="configure">Configures the application before it is built.</param>
    public static App Build(IEnumerable<KeyValuePair<string, string?>> settings, Action<HostApplicationBuilder>? configure = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(settings);
        var logs = new LogCapture();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        builder.AddDiscovery();
        builder.Services.AddHealthChecks().AddDiscovery();
        configure?.Invoke(builder);
        return new App(builder.Build(), logs);
    }

    /// <inheritdoc cref="Build"/>
    /// <summary>Builds and starts an application.</summary>
    public static async Task<App> StartAsync(
        IEnumerable<KeyValuePair<string, string?>> settings, Action<HostApplicationBuilder>? configure = null)
    {
        var app = Build(settings, configure);
        try
        {
            await app.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Builds and starts an application, and waits until it is registered.</summary>
    public static async Task<App> RegisterAsync(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var app = await StartAsync(settings);
        await app.RegisteredAsync();
        return app;
    }

    public Task StartAsync() => _host.StartAsync(Token);

    public Task StopAsync() => _host.StopAsync(Token);

    public Task RegisteredAsync() => Services.RegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);

    /// <summary>Changes settings of the running application.</summary>
    public void Change(params IEnumerable<(string Key, string Value)> settings)
    {
        var configuration = (IConfigurationRoot)Services.GetRequiredService<IConfiguration>();
        foreach (var (key, value) in settings)
        {
            configuration[key] = value;
        }

        configuration.Reload();
    }

    /// <summary>Runs the health check.</summary>
    public async Task<HealthReportEntry> CheckAsync() =>
        (await Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Entries[Product.HealthCheck];

    /// <summary>Waits until the instances of a service that take requests have these host names, ordered by key.</summary>
    public async Task WaitForHostnamesAsync(string service, params IEnumerable<string> hostnames)
    {
        var expected = string.Join(' ', hostnames);
        await Eventually.TrueAsync(async () => await HostnamesAsync(service) == expected, $"{service} has the instances '{expected}'");
    }

    /// <summary>The host names of a service's instances that take requests, or "out of reach" if etcd is unreachable and nothing is cached.</summary>
    public async Task<string> HostnamesAsync(string service)
    {
        try
        {
            return string.Join(' ', (await Services.InstancesAsync(service, Token)).Select(instance => instance.Hostname));
        }
        catch (Exception error) when (Product.IsTransient(error))
        {
            return Failure.OutOfReach;
        }
    }

    public async ValueTask DisposeAsync() => await ((IAsyncDisposable)_host).DisposeAsync();
}
