using EtcdDiscovery.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>An application built as users build it, with its own settings, captured logs and none of this machine's environment variables.</summary>
internal sealed class DiscoveryHost : IAsyncDisposable
{
    public const string NodeHostname = "node-1.test";

    private readonly IHost _host;

    private DiscoveryHost(IHost host, LogCapture logs)
    {
        _host = host;
        Logs = logs;
    }

    public LogCapture Logs { get; }

    public IServiceProvider Services => _host.Services;

    public IServiceResolver Resolver => Services.GetRequiredService<IServiceResolver>();

    public IServiceRegistry Registry => Services.GetRequiredService<IServiceRegistry>();

    /// <summary>The host's own registration.</summary>
    public IServiceRegistration Registration => Assert.Single(Registry.Registrations);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Builds a host.</summary>
    /// <param name="settings">The settings, by key in the section <c>EtcdDiscovery</c>.</param>
    /// <param name="configure">Configures the application before it is built.</param>
    /// <param name="environment">The environment variables that the library reads.</param>
    public static DiscoveryHost Build(
        Dictionary<string, string?> settings,
        Action<HostApplicationBuilder>? configure = null,
        Dictionary<string, string>? environment = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create($"{EtcdDiscoveryOptions.SectionName}:{setting.Key}", setting.Value)));
        var logs = new LogCapture();
        Prepare(builder, logs, environment);
        configure?.Invoke(builder);
        return new DiscoveryHost(builder.Build(), logs);
    }

    /// <summary>Adds discovery and its test doubles to any kind of application.</summary>
    public static void Prepare(
        IHostApplicationBuilder builder, LogCapture logs, Dictionary<string, string>? environment = null)
    {
        builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddEtcdDiscovery();
        builder.Services.AddHealthChecks().AddEtcdDiscovery();
        builder.Services.Replace(ServiceDescriptor.Singleton(Environment(environment)));
    }

    public static GoEnvironment Environment(Dictionary<string, string>? variables = null) =>
        new(name => (variables ?? new() { ["HOSTNAME"] = NodeHostname }).GetValueOrDefault(name));

    /// <inheritdoc cref="Build"/>
    /// <summary>Builds and starts a host.</summary>
    public static async Task<DiscoveryHost> StartAsync(
        Dictionary<string, string?> settings,
        Action<HostApplicationBuilder>? configure = null,
        Dictionary<string, string>? environment = null)
    {
        var host = Build(settings, configure, environment);
        try
        {
            await host.StartAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Builds and starts a host, and waits until its service is registered.</summary>
    public static async Task<DiscoveryHost> RegisterAsync(Dictionary<string, string?> settings)
    {
        var host = await StartAsync(settings);
        await host.RegisteredAsync();
        return host;
    }

    public Task StartAsync() => _host.StartAsync(Token);

    public Task StopAsync() => _host.StopAsync(Token);

    public async Task<IServiceRegistration> RegisteredAsync()
    {
        await Registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        return Registration;
    }

    /// <summary>Changes settings of the running host in one reload.</summary>
    public void Change(params (string Key, string Value)[] settings)
    {
        var configuration = (IConfigurationRoot)Services.GetRequiredService<IConfiguration>();
        foreach (var (key, value) in settings)
        {
            configuration[$"{EtcdDiscoveryOptions.SectionName}:{key}"] = value;
        }

        configuration.Reload();
    }

    /// <summary>Runs the health check.</summary>
    public async Task<HealthReportEntry> CheckAsync() =>
        (await Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Entries["etcd-discovery"];

    public async Task<HealthReportEntry> WaitForHealthAsync(HealthStatus status)
    {
        HealthReportEntry entry = default;
        await Eventually.TrueAsync(async () => (entry = await CheckAsync()).Status == status, $"health is {status}");
        return entry;
    }

    /// <summary>Waits until the lease is lost and a new one cannot be granted.</summary>
    public async Task<HealthReportEntry> WaitForLostRegistrationAsync()
    {
        await Eventually.TrueAsync(() => Task.FromResult(Registration.State == RegistrationState.Lost), "the registration is lost");
        var entry = await CheckAsync();
        Assert.Equal(HealthStatus.Degraded, entry.Status);
        return entry;
    }

    /// <summary>The number of known instances of a service; null while the service cannot be read.</summary>
    public async Task<int?> CountAsync(string service)
    {
        try
        {
            return (await Resolver.GetSnapshotAsync(service, cancellationToken: Token)).Instances.Length;
        }
        catch (EtcdDiscoveryException e) when (e.IsTransient)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync() => await ((IAsyncDisposable)_host).DisposeAsync();
}
