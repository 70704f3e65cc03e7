using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>Snippets of the documentation, to verify that they compile. Never called.</summary>
internal static class Snippets
{
    public static void Program(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);

        builder.Services.AddEtcdDiscovery().UseServerAddresses();
        builder.Services.AddHealthChecks().AddEtcdDiscovery();

        var app = builder.Build();

        app.MapHealthChecks("/healthz");

        app.Run();
    }

    public static void Catalog(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);

        builder.Services.AddEtcdDiscovery().UseServerAddresses();

        var app = builder.Build();

        app.MapGet("/items/{id}", (int id) => new { id, name = $"Item {id}", from = Environment.ProcessId });

        app.Run();
    }

    public static void Storefront(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);

        builder.Services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();

        var app = builder.Build();

        app.MapGet("/items/{id}", (int id, IHttpClientFactory clients, CancellationToken cancellationToken) =>
            clients.CreateClient("catalog").GetStringAsync($"/items/{id}", cancellationToken));

        app.Run();
    }

    public static async Task CallFromTheConsoleAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);

        builder.Services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();

        using var host = builder.Build();
        await host.StartAsync();

        var catalog = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("catalog");
        Console.WriteLine(await catalog.GetStringAsync("/items/1"));

        await host.StopAsync();
    }

    public static void MapInstances(WebApplication app)
    {
        app.MapGet("/instances/{service}", async (string service, IServiceResolver resolver, CancellationToken cancellationToken) =>
        {
            var instance = await resolver.GetInstanceAsync(service, cancellationToken: cancellationToken);
            return new { instance.Id, instance.Hostname, instance.Ports };
        });
    }

    public static void Configure(WebApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery(options =>
        {
            options.Store = DiscoveryStoreKind.Etcd;
            options.Balancing = InstanceBalancing.PowerOfTwoChoices;
            options.Etcd.Endpoints = ["https://etcd-1:2379", "https://etcd-2:2379"];
            options.Etcd.Tls.CertificateAuthority = "/etc/etcd/ca.pem";
        });
    }

    public static void UseConnectionString(WebApplicationBuilder builder)
    {
        builder.AddEtcdDiscovery(
            "etcd",
            settings => settings.DisableTracing = true,
            options => options.DrainDelay = TimeSpan.FromSeconds(5));
    }

    public static void UseConnectionStringAndServerAddresses(WebApplicationBuilder builder)
    {
        builder.AddEtcdDiscovery("etcd").UseServerAddresses();
    }

    public static IEtcdDiscoveryBuilder AddFleetDefaults(this IEtcdDiscoveryBuilder builder)
    {
        builder.Services.Configure<EtcdDiscoveryOptions>(options => options.KeyPrefix = "/fleet-a");
        return builder.UseServerAddresses().RegisterWhenHealthy();
    }

    public static async Task<(ServiceInstance, Uri)> FindAsync(IServiceResolver resolver, CancellationToken cancellationToken)
    {
        var query = new ServiceQuery { Shard = "shard-0", Network = ServiceNetwork.Private };
        var instance = await resolver.GetInstanceAsync("catalog", query, cancellationToken);
        var uri = await resolver.GetUriAsync("catalog", "http", "/items?page=2", query, cancellationToken: cancellationToken);

        return (instance, uri);
    }

    public static async Task<(IReadOnlyList<ServiceInstance>, ServiceInstance, Uri?)> ListAsync(
        IServiceResolver resolver, CancellationToken cancellationToken)
    {
        IReadOnlyList<ServiceInstance> all = await resolver.GetInstancesAsync("catalog", cancellationToken: cancellationToken);
        ServiceInstance first = await resolver.GetFirstInstanceAsync("catalog", cancellationToken: cancellationToken);
        ServiceInfo service = await resolver.GetServiceAsync("catalog", cancellationToken);
        Uri? publicUri = service.Public ? service.GetUri("https", "/items") : null;

        return (all, first, publicUri);
    }

    public static async Task ReportAsync(IServiceResolver resolver, CancellationToken cancellationToken)
    {
        var consistency = ReadConsistency.MaxStaleness(TimeSpan.FromMinutes(1));
        ServiceSnapshot snapshot = await resolver.GetSnapshotAsync("catalog", consistency, cancellationToken);
        if (snapshot.Source != SnapshotSource.Live)
        {
            Console.WriteLine($"etcd is unreachable; this snapshot is from {snapshot.AsOf:u}.");
        }

        foreach (ServiceInstance instance in snapshot.Instances.Where(one => one.Status == ServiceStatus.Serving))
        {
            ServiceMap ports = instance.Ports ?? ServiceMap.Empty;
            Console.WriteLine($"{instance.Hostname} ({ports}) in zone {instance.Zone}");
        }
    }

    public static async Task<string?> CacheAsync(IServiceResolver resolver, IMemoryCache cache, CancellationToken cancellationToken)
    {
        var zones = await cache.GetOrCreateAsync("zones of catalog", async entry =>
        {
            var snapshot = await resolver.GetSnapshotAsync("catalog", cancellationToken: cancellationToken);
            entry.AddExpirationToken(snapshot.ChangeToken);
            return string.Join(", ", snapshot.Instances.Select(instance => instance.Zone).Distinct());
        });

        return zones;
    }

    public static async Task WatchAsync(IServiceResolver resolver, CancellationToken cancellationToken)
    {
        await foreach (ServiceUpdate update in resolver.WatchAsync("catalog", cancellationToken))
        {
            foreach (ServiceChange change in update.Changes)
            {
                var text = change.Kind switch
                {
                    ServiceChangeKind.Up => "is up",
                    ServiceChangeKind.Updated => "has changed",
                    _ when change.DownReason == ServiceDownReason.Unregistered => "has unregistered",
                    _ when change.DownReason == ServiceDownReason.Maintenance => "is in maintenance",
                    _ => "is down",
                };
                Console.WriteLine($"{change.Instance.Hostname} {text}");
            }
        }
    }

    public static async Task PickAsync(
        IServiceResolver resolver, Func<ServiceInstance, CancellationToken, Task> callAsync, CancellationToken cancellationToken)
    {
        var query = new ServiceQuery { Picker = InstancePickers.PowerOfTwoChoices, PreferredZone = "eu-1" };
        var instance = await resolver.GetInstanceAsync("catalog", query, cancellationToken);
        using ServiceCall call = resolver.StartCall(instance);
        try
        {
            await callAsync(instance, cancellationToken);
            call.Complete(succeeded: true);
        }
        catch (HttpRequestException)
        {
            call.Complete(succeeded: false);
            throw;
        }
    }

    public static void UsePicker(IServiceCollection services)
    {
        services.AddSingleton<IInstancePicker, LeastBusyPicker>();
    }

    public static async Task RegisterAsync(IServiceRegistry registry, CancellationToken cancellationToken)
    {
        var options = new ServiceRegistrationOptions { Name = "reports", Hostname = "10.0.0.7" };
        options.Ports = new Dictionary<string, string> { ["http"] = "8080" };
        await using IServiceRegistration registration = registry.Register(options);
        await registration.WaitUntilRegisteredAsync(cancellationToken);
    }

    public static async Task ChangeAsync(
        IServiceRegistry registry, ServiceRegistrationOptions options, CancellationToken cancellationToken)
    {
        var registration = registry.Registrations.First(one => one.ServiceName == "reports");
        await registration.SetStatusAsync(ServiceStatus.Maintenance, "rebuilding the index", cancellationToken);
        options.Metadata = new Dictionary<string, string> { ["index"] = "2026-01" };
        await registration.UpdateAsync(options, cancellationToken);
        await registration.SetStatusAsync(ServiceStatus.Serving, cancellationToken: cancellationToken);
    }

    public static void MapPage(WebApplication app)
    {
        app.MapEtcdDiscovery("/discovery").RequireAuthorization("operators");
    }

    public static void MapServices(WebApplication app)
    {
        app.MapGet("/services", (IServiceDirectory directory, CancellationToken cancellationToken) => directory.GetServiceNamesAsync(cancellationToken));
    }

    public static void MapExplanations(WebApplication app)
    {
        app.MapGet("/explain/{service}", async (string service, IDiscoveryDiagnostics diagnostics, CancellationToken cancellationToken) =>
        {
            var query = new ServiceQuery { PreferredZone = "eu-1", Scheme = "http" };
            ServiceExplanation explanation = await diagnostics.ExplainAsync(service, query, cancellationToken);
            return explanation.ToString();
        });
    }

    public static void Print(ServiceExplanation explanation, IDiscoveryDiagnostics diagnostics)
    {
        foreach (InstanceExplanation instance in explanation.Instances.Where(one => !one.IsCandidate))
        {
            var isElsewhere = instance.Exclusions == InstanceExclusions.PreferredZone;
            Console.WriteLine($"{instance.Instance.Hostname} is left out: {instance.Exclusions}{(isElsewhere ? ", but would be picked if eu-1 had no instance" : "")}");
        }

        LeaseInfo? lease = diagnostics.Lease;
        Console.WriteLine(lease is null ? "no lease" : $"renewed {lease.Age.TotalSeconds:0.0} s ago, lives for {lease.TimeToLive.TotalSeconds:0} s");
        foreach (InstanceEjection ejection in diagnostics.GetEjections())
        {
            Console.WriteLine($"{ejection.Instance.Hostname} is not picked until {ejection.EndsAt:T}");
        }

        foreach (DiscoveryEvent entry in diagnostics.GetTimeline().Where(entry => entry.Kind == DiscoveryEventKind.InstanceDown))
        {
            Console.WriteLine($"{entry.Time:T} {entry.ServiceName} {entry.InstanceId} {entry.Detail}");
        }
    }

    public static async Task WatchStateAsync(IServiceRegistration registration, CancellationToken cancellationToken)
    {
        await foreach (var state in registration.WatchStateAsync(cancellationToken))
        {
            Console.WriteLine($"{registration.ServiceName} is {state}."); // Registering, Registered, RenewingLate, Lost, Withdrawn
        }
    }

    public static void MapRegistrations(WebApplication app)
    {
        app.MapGet("/registrations", (IServiceRegistry registry) =>
            registry.Registrations.Select(one => new { one.ServiceName, one.InstanceId, IsRegistered = one.State == RegistrationState.Registered }));
    }

    public static void AddServices(HostApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery()
            .AddService("EtcdDiscovery:Services:admin")
            .AddService(service => service.Name = "metrics");
    }

    public static void AddSharedCredentials(HostApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery(options =>
        {
            options.Service.GenerateCredentials = true;
            options.Service.CredentialPolicy = CredentialPolicy.Share;
        });
    }

    public static async Task RotateAsync(
        IServiceRegistration registration, string newPassword, Action<ServiceCredentials?> accept, CancellationToken cancellationToken)
    {
        await registration.SetCredentialsAsync(new ServiceCredentials("catalog", newPassword), cancellationToken);

        await foreach (ServiceCredentials? credentials in registration.WatchCredentialsAsync(cancellationToken))
        {
            accept(credentials);
        }
    }

    public static void UseAspNetCore(WebApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery().UseServerAddresses().RegisterWhenHealthy();
    }

    public static void MapProbes(WebApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddEtcdDiscovery();

        var app = builder.Build();

        app.MapHealthChecks("/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = _ => false });
    }

    public static void SetShutdownTimeout(WebApplicationBuilder builder)
    {
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(45));
    }

    public static void AddClient(WebApplicationBuilder builder)
    {
        builder.Services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();
    }

    public static void AddStrictClient(WebApplicationBuilder builder)
    {
        builder.Services
            .AddHttpClient("payments", client => client.BaseAddress = new Uri("https://payments"))
            .AddEtcdDiscovery(options =>
            {
                options.HostName = HttpHostName.Service;
                options.AllowedNetworks = ["10.0.0.0/8"];
            });
    }

    public static void AddDefaultClients(HostApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpClientDefaults(client => client.AddEtcdDiscovery(options => options.ServiceHosts = ["catalog", "*.internal"]));
    }

    public static async Task AskAsync(HttpClient catalog, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/items");
        request.Options.Set(ServiceRequest.Shard, "shard-0");
        request.Options.Set(ServiceRequest.PreferredZone, "eu-1");
        request.Options.Set(ServiceRequest.Network, ServiceNetwork.Private);
        using var response = await catalog.SendAsync(request, cancellationToken);
    }

    public static void Test(HostApplicationBuilder builder)
    {
        using var store = new InMemoryDiscoveryStore();
        builder.Services.AddEtcdDiscovery().UseInMemoryStore(store);
    }

    public static void UseReadOnlyStore(HostApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery().UseStore(_ => new ReadOnlyStore(new InMemoryDiscoveryStore()));
    }
}
