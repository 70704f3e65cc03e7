using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.BlackBox;

/// <summary>
/// The adapter between these tests and the library's public API: the only file here that names members or settings of the library, and
/// therefore the only one that changes with the API.
/// </summary>
internal static class Product
{
    /// <summary>The name of the health check.</summary>
    public const string HealthCheck = "etcd-discovery";

    /// <summary>Adds discovery to an application, with settings from its configuration.</summary>
    public static void AddDiscovery(this IHostApplicationBuilder builder) => builder.Services.AddEtcdDiscovery();

    /// <summary>Adds discovery to one <c>HttpClient</c>, or to the defaults of all clients.</summary>
    public static IHttpClientBuilder AddDiscovery(this IHttpClientBuilder client) => client.AddEtcdDiscovery();

    /// <summary>Adds discovery with separate settings to one <c>HttpClient</c>, or to the defaults of all clients.</summary>
    public static IHttpClientBuilder AddDiscovery(this IHttpClientBuilder client, ClientSettings settings) => client.AddEtcdDiscovery(options =>
        (options.ServiceHosts, options.ExternalHosts, options.AllowedNetworks) = (settings.ServiceHosts, settings.ExternalHosts, settings.AllowedNetworks));

    /// <summary>Makes services in etcd endpoints of <c>Microsoft.Extensions.ServiceDiscovery</c>.</summary>
    public static void AddEndpointProvider(this IServiceCollection services) => services.AddEtcdServiceEndpointProvider();

    /// <summary>Lets gRPC channels balance over services in etcd.</summary>
    public static void AddGrpcResolver(this IServiceCollection services) => services.AddEtcdDiscovery().AddGrpcResolver();

    /// <summary>The id of the instance that is an endpoint.</summary>
    public static string InstanceIdOf(Microsoft.Extensions.ServiceDiscovery.ServiceEndpoint endpoint) => endpoint.Features.Get<ServiceInstance>()!.Id;

    /// <summary>Registers the addresses that the web server has bound.</summary>
    public static void UseServerAddresses(this IHostApplicationBuilder builder) => builder.Services.AddEtcdDiscovery().UseServerAddresses();

    /// <summary>Uses the in-memory store.</summary>
    public static void UseMemory(this IHostApplicationBuilder builder) => builder.Services.AddEtcdDiscovery().UseInMemoryStore();

    /// <summary>Adds discovery that registers the addresses of the web server, optionally with the in-memory store.</summary>
    public static void AddDiscovery(this IServiceCollection services, bool inMemory)
    {
        var builder = services.AddEtcdDiscovery().UseServerAddresses();
        _ = inMemory ? builder.UseInMemoryStore() : builder;
    }

    /// <summary>Whether an error means that the service is not found.</summary>
    public static bool IsServiceNotFound(Exception? error) => error is ServiceNotFoundException;

    /// <summary>Adds the health check.</summary>
    public static void AddDiscovery(this IHealthChecksBuilder checks) => checks.AddEtcdDiscovery(HealthCheck);

    /// <summary>The settings to register an application as a service with one port.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Settings(string etcd, string? service = null, string? scheme = null, int port = 0)
    {
        yield return new(Setting.Endpoints + ":0", etcd);
        if (service is null)
        {
            yield break;
        }

        yield return new(Setting.Name, service);
        yield return new(Setting.Hostname, "127.0.0.1");
        if (scheme is not null)
        {
            yield return new($"{Setting.Ports}:{scheme}", port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Waits until the application's own registration is written to etcd.</summary>
    public static async Task RegisteredAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        foreach (var registration in services.GetRequiredService<IServiceRegistry>().Registrations)
        {
            await registration.WaitUntilRegisteredAsync(cancellationToken);
        }
    }

    /// <summary>The registrations of the application.</summary>
    public static IReadOnlyList<OwnRegistration> Registrations(this IServiceProvider services) =>
        [.. services.GetRequiredService<IServiceRegistry>().Registrations.Select(registration => new OwnRegistration(registration))];

    /// <summary>Registers another service in code.</summary>
    public static OwnRegistration Register(this IServiceProvider services, Registering what) =>
        new(services.GetRequiredService<IServiceRegistry>().Register(Options(what)));

    /// <summary>The instances of a service that take requests; empty if the service is not found.</summary>
    public static async Task<IReadOnlyList<FoundInstance>> InstancesAsync(
        this IServiceProvider services, string service, CancellationToken cancellationToken)
    {
        var snapshot = await services.GetRequiredService<IServiceResolver>().GetSnapshotAsync(service, default, cancellationToken);
        return [.. snapshot.Instances.Where(instance => instance.Status == ServiceStatus.Serving).Select(Found)];
    }

    /// <summary>The snapshot of a service.</summary>
    public static async Task<FoundSnapshot> SnapshotAsync(
        this IServiceProvider services, string service, CancellationToken cancellationToken)
    {
        var snapshot = await services.GetRequiredService<IServiceResolver>().GetSnapshotAsync(service, default, cancellationToken);
        return new FoundSnapshot(
            [.. snapshot.Instances.Select(Found)],
            snapshot.Source switch
            {
                SnapshotSource.Live => Freshness.Live,
                SnapshotSource.Stale => Freshness.Stale,
                _ => Freshness.Disk,
            },
            snapshot.AsOf,
            snapshot.UnreadableEntries);
    }

    /// <summary>
    /// The ids of a service's instances that take requests, in order and separated by spaces, or the name of a <see cref="Failure"/>.
    /// </summary>
    public static Task<string> FindAsync(this IServiceProvider services, string service, string? shard, CancellationToken cancellationToken) =>
        OutcomeAsync(async () => string.Join(' ', (await services.GetRequiredService<IServiceResolver>()
            .GetInstancesAsync(service, new ServiceQuery { Shard = shard }, cancellationToken)).Select(instance => instance.Id)));

    /// <summary>The URL of a service, with its credentials, or the name of a <see cref="Failure"/>.</summary>
    public static Task<string> UriAsync(
        this IServiceProvider services, string service, string scheme, string path, string? shard, CancellationToken cancellationToken) =>
        OutcomeAsync(async () => (await services.GetRequiredService<IServiceResolver>()
            .GetUriAsync(service, scheme, path, new ServiceQuery { Shard = shard }, includeCredentials: true, cancellationToken)).OriginalString);

    /// <summary>The URL of one instance, with its credentials, or the name of a <see cref="Failure"/>.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="service">The service.</param>
    /// <param name="scheme">The scheme; empty for http or https.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="first">True for the instance with the smallest key, false for any instance.</param>
    /// <param name="isPrivate">True for the address in the private network.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static Task<string> InstanceUriAsync(
        this IServiceProvider services, string service, string scheme, string path, bool first, bool isPrivate, CancellationToken cancellationToken) =>
        OutcomeAsync(async () =>
        {
            var resolver = services.GetRequiredService<IServiceResolver>();
            var instance = first
                ? await resolver.GetFirstInstanceAsync(service, default, cancellationToken)
                : await resolver.GetInstanceAsync(service, default, cancellationToken);
            return (isPrivate ? instance.GetPrivateUri(scheme, path, includeCredentials: true) : instance.GetUri(scheme, path, includeCredentials: true)).OriginalString;
        });

    /// <summary>The host names of a service's instances as they change: <c>+name</c> for up, <c>-name</c> for down.</summary>
    public static async IAsyncEnumerable<string> WatchAsync(
        this IServiceProvider services,
        string service,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var change in services.GetRequiredService<IServiceResolver>()
            .WatchAsync(service, cancellationToken).SelectMany(update => update.Changes).WithCancellation(cancellationToken))
        {
            if (change.Kind is ServiceChangeKind.Up or ServiceChangeKind.Down)
            {
                yield return (change.Kind == ServiceChangeKind.Up ? "+" : "-") + change.Instance.Hostname;
            }
        }
    }

    /// <summary>The text of all objects of the library that can be printed.</summary>
    public static async Task<string> PrintAsync(this IServiceProvider services, string service, CancellationToken cancellationToken)
    {
        var resolver = services.GetRequiredService<IServiceResolver>();
        var snapshot = await resolver.GetSnapshotAsync(service, default, cancellationToken);
        var options = services.GetRequiredService<Microsoft.Extensions.Options.IOptions<EtcdDiscoveryOptions>>().Value;
        var registrations = services.GetRequiredService<IServiceRegistry>().Registrations;
        return string.Join('\n', (object?[])
        [
            snapshot, snapshot.Service, await resolver.GetServiceAsync(service, cancellationToken),
            .. snapshot.Instances, .. snapshot.Instances.Select(instance => instance.Credentials),
            options, options.Etcd, options.Etcd.Tls, options.Service,
            .. registrations, .. registrations.Select(registration => registration.Credentials),
        ]);
    }

    /// <summary>Whether the application has lost its lease and could not get another one.</summary>
    public static bool HasLostRegistration(this IServiceProvider services) =>
        services.GetRequiredService<IServiceRegistry>().Registrations.Any(registration => registration.State == RegistrationState.Lost);

    /// <summary>The services that the health check lists as watched.</summary>
    public static IEnumerable<string> Watched(HealthReportEntry check) => ((IReadOnlyDictionary<string, string>)check.Data["watchedServices"]).Keys;

    /// <summary>Maps the discovery page at <c>/discovery</c>, for everyone.</summary>
    public static void MapDiscoveryPage(this IEndpointRouteBuilder app) => app.MapEtcdDiscovery().AllowAnonymous();

    /// <summary>Registers the addresses of the server once the application's readiness checks pass.</summary>
    public static void AddWebDiscovery(this IHostApplicationBuilder builder) =>
        builder.Services.AddEtcdDiscovery().UseServerAddresses().RegisterWhenHealthy();

    /// <summary>Calls a delegate for each set of options that is created.</summary>
    public static void OnOptions(this IHostApplicationBuilder builder, Action act) => builder.Services.Configure<EtcdDiscoveryOptions>(_ => act());

    /// <summary>Adds a picker that is implemented by the test.</summary>
    public static void UsePicker(this IHostApplicationBuilder builder, Func<IReadOnlyList<string>, int> pick) =>
        builder.Services.AddSingleton<IInstancePicker>(new Picker(pick));

    /// <summary>Picks an instance and returns its id.</summary>
    public static async Task<string> PickAsync(this IServiceProvider services, string service, CancellationToken cancellationToken) =>
        (await services.GetRequiredService<IServiceResolver>().GetInstanceAsync(service, default, cancellationToken)).Id;

    /// <summary>Reads the ids of a service's instances from etcd.</summary>
    public static async Task<IEnumerable<string>> ReadAsync(this IServiceProvider services, string service, CancellationToken cancellationToken) =>
        (await services.GetRequiredService<IServiceResolver>()
            .GetSnapshotAsync(service, ReadConsistency.Linearizable, cancellationToken)).Instances.Select(instance => instance.Id);

    /// <summary>Reports a failed call to an instance, which ejects it.</summary>
    public static async Task ReportFailureAsync(this IServiceProvider services, string service, string id, CancellationToken cancellationToken)
    {
        var resolver = services.GetRequiredService<IServiceResolver>();
        var snapshot = await resolver.GetSnapshotAsync(service, default, cancellationToken);
        using var call = resolver.StartCall(snapshot.Instances.Single(instance => instance.Id == id));
        call.Complete(succeeded: false);
    }

    /// <summary>The ids of the ejected instances.</summary>
    public static IReadOnlyList<string> Ejected(this IServiceProvider services) =>
        [.. services.GetRequiredService<EtcdDiscovery.Diagnostics.IDiscoveryDiagnostics>().GetEjections().Select(ejection => ejection.Instance.Id)];

    /// <summary>The number of ejections so far.</summary>
    public static int Ejections(this IServiceProvider services) => services.GetRequiredService<EtcdDiscovery.Diagnostics.IDiscoveryDiagnostics>()
        .GetTimeline().Count(entry => entry.Kind == EtcdDiscovery.Diagnostics.DiscoveryEventKind.InstanceEjected);

    /// <summary>Registers a callback for the next change of a service.</summary>
    public static async Task<IDisposable> OnChangeAsync(
        this IServiceProvider services, string service, Action act, CancellationToken cancellationToken) =>
        (await services.GetRequiredService<IServiceResolver>().GetSnapshotAsync(service, default, cancellationToken))
            .ChangeToken.RegisterChangeCallback(_ => act(), null);

    /// <summary>Whether an error of the library is transient.</summary>
    public static bool IsTransient(Exception error) => error is EtcdDiscoveryException { IsTransient: true };

    internal static ServiceRegistrationOptions Options(Registering what) => new()
    {
        Name = what.Name,
        Hostname = what.Hostname,
        Ports = what.Ports,
        Public = what.Public,
        PrivateHostname = what.PrivateHostname,
        PrivatePorts = what.PrivatePorts,
        Critical = what.Critical,
        Shard = what.Shard,
        User = what.User,
        Password = what.Password,
    };

    private sealed class Picker(Func<IReadOnlyList<string>, int> pick) : IInstancePicker
    {
        public ServiceInstance Pick(InstanceSet instances) => instances[pick([.. instances.Select(instance => instance.Id)])];
    }

    private static FoundInstance Found(ServiceInstance found) => new(found.Id, found.Hostname, found.Ports)
    {
        PrivateHostname = found.PrivateHostname,
        Serves = found.Status == ServiceStatus.Serving,
    };

    private static async Task<string> OutcomeAsync(Func<Task<string>> queryAsync)
    {
        try
        {
            return await queryAsync();
        }
        catch (EtcdDiscoveryException error)
        {
            return error switch
            {
                ServiceNotFoundException => Failure.ServiceNotFound,
                NoInstanceFoundException => Failure.NoInstance,
                NoInstanceOnShardException => Failure.NoInstanceOnShard,
                UnknownSchemeException => Failure.UnknownScheme,
                { IsTransient: true } => Failure.OutOfReach,
                _ => error.ToString(),
            };
        }
    }
}

/// <summary>The configuration keys of the settings.</summary>
internal static class Setting
{
    public const string Misspelt = "EtcdDiscovery:Stor";
    public const string Store = "EtcdDiscovery:Store";
    public const string Balancing = "EtcdDiscovery:Balancing";
    public const string KeyPrefix = "EtcdDiscovery:KeyPrefix";
    public const string TimeToLive = "EtcdDiscovery:TimeToLive";
    public const string DrainDelay = "EtcdDiscovery:DrainDelay";
    public const string RetryDelay = "EtcdDiscovery:RetryDelay";
    public const string MaxRetryDelay = "EtcdDiscovery:MaxRetryDelay";
    public const string CacheIdleTimeout = "EtcdDiscovery:CacheIdleTimeout";
    public const string RefreshInterval = "EtcdDiscovery:RefreshInterval";
    public const string OutageGrace = "EtcdDiscovery:OutageGrace";
    public const string SnapshotDirectory = "EtcdDiscovery:SnapshotDirectory";
    public const string RequireRegistration = "EtcdDiscovery:RequireRegistration";
    public const string RegistrationTimeout = "EtcdDiscovery:RegistrationTimeout";
    public const string Endpoints = "EtcdDiscovery:Etcd:Endpoints";
    public const string EtcdUser = "EtcdDiscovery:Etcd:User";
    public const string EtcdPassword = "EtcdDiscovery:Etcd:Password";
    public const string CertificateAuthority = "EtcdDiscovery:Etcd:Tls:CertificateAuthority";
    public const string Certificate = "EtcdDiscovery:Etcd:Tls:Certificate";
    public const string CertificateKey = "EtcdDiscovery:Etcd:Tls:Key";
    public const string ConnectTimeout = "EtcdDiscovery:Etcd:ConnectTimeout";
    public const string RequestTimeout = "EtcdDiscovery:Etcd:RequestTimeout";
    public const string Name = "EtcdDiscovery:Service:Name";
    public const string Hostname = "EtcdDiscovery:Service:Hostname";
    public const string Ports = "EtcdDiscovery:Service:Ports";
    public const string Public = "EtcdDiscovery:Service:Public";
    public const string PrivateHostname = "EtcdDiscovery:Service:PrivateHostname";
    public const string PrivatePorts = "EtcdDiscovery:Service:PrivatePorts";
    public const string Critical = "EtcdDiscovery:Service:Critical";
    public const string Shard = "EtcdDiscovery:Service:Shard";
    public const string User = "EtcdDiscovery:Service:User";
    public const string Password = "EtcdDiscovery:Service:Password";
    public const string CredentialPolicy = "EtcdDiscovery:Service:CredentialPolicy";
    public const string InitialStatus = "EtcdDiscovery:Service:InitialStatus";
    public const string Weight = "EtcdDiscovery:Service:Weight";
    public const string Zone = "EtcdDiscovery:Service:Zone";
}

/// <summary>The values of <see cref="Setting.Store"/>.</summary>
internal static class StoreName
{
    public const string V3 = "Etcd";
    public const string V2 = "EtcdV2";
    public const string Memory = "InMemory";
}

/// <summary>The ways in which a query can fail.</summary>
internal static class Failure
{
    public const string ServiceNotFound = "service not found";
    public const string NoInstance = "no instance";
    public const string NoInstanceOnShard = "no instance on this shard";
    public const string UnknownScheme = "unknown scheme";
    public const string OutOfReach = "out of reach";
}

/// <summary>How current a snapshot is.</summary>
internal enum Freshness
{
    Live,
    Stale,
    Disk,
}

/// <summary>An instance of a service.</summary>
internal sealed record FoundInstance(string Id, string Hostname, IReadOnlyDictionary<string, string>? Ports)
{
    public string? PrivateHostname { get; init; }

    public bool Serves { get; init; }
}

/// <summary>A snapshot of a service.</summary>
internal sealed record FoundSnapshot(IReadOnlyList<FoundInstance> Instances, Freshness Freshness, DateTimeOffset AsOf, int UnreadableEntries);

/// <summary>Which hosts an <c>HttpClient</c> resolves, and which networks it may connect to.</summary>
internal sealed record ClientSettings
{
    public string[] ServiceHosts { get; init; } = [];

    public string[] ExternalHosts { get; init; } = [];

    public string[] AllowedNetworks { get; init; } = [];
}

/// <summary>The credentials of a service.</summary>
internal sealed record Login(string User, string Password);

/// <summary>What to register in code.</summary>
internal sealed record Registering(string Name)
{
    public string? Hostname { get; init; }

    public IDictionary<string, string>? Ports { get; init; }

    public bool Public { get; init; }

    public string? PrivateHostname { get; init; }

    public IDictionary<string, string>? PrivatePorts { get; init; }

    public bool Critical { get; init; }

    public string? Shard { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }
}

/// <summary>A registration of the application under test.</summary>
internal sealed class OwnRegistration(IServiceRegistration registration) : IAsyncDisposable
{
    public string Id => registration.InstanceId;

    public bool IsRegistered => registration.State == RegistrationState.Registered;

    public Login? Credentials => LoginOf(registration.Credentials);

    public Task RegisteredAsync(CancellationToken cancellationToken) => registration.WaitUntilRegisteredAsync(cancellationToken);

    public Task SetCredentialsAsync(Login login, CancellationToken cancellationToken) =>
        registration.SetCredentialsAsync(new ServiceCredentials(login.User, login.Password), cancellationToken);

    /// <summary>Puts the instance into maintenance.</summary>
    public Task PauseAsync(string reason, CancellationToken cancellationToken) =>
        registration.SetStatusAsync(ServiceStatus.Maintenance, reason, cancellationToken);

    /// <summary>Returns the instance to service.</summary>
    public Task ResumeAsync(CancellationToken cancellationToken) =>
        registration.SetStatusAsync(ServiceStatus.Serving, cancellationToken: cancellationToken);

    public Task UpdateAsync(Registering what, CancellationToken cancellationToken) =>
        registration.UpdateAsync(Product.Options(what), cancellationToken);

    /// <summary>The users of the credentials that the application receives, in order.</summary>
    public async IAsyncEnumerable<string?> WatchUsersAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var credentials in registration.WatchCredentialsAsync(cancellationToken))
        {
            yield return credentials?.User;
        }
    }

    /// <summary>Withdraws the registration.</summary>
    public ValueTask DisposeAsync() => registration.DisposeAsync();

    private static Login? LoginOf(ServiceCredentials? credentials) =>
        credentials is { } given ? new Login(given.User, given.Password) : null;
}
