using System.Diagnostics.Metrics;
using System.Net;
using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.EtcdV2;
using EtcdDiscovery.Http;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Resolution.Persistence;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Hosting;

/// <summary>The composition root: registers and creates all components.</summary>
internal static partial class DiscoveryServices
{
    public static void Add(IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(GoEnvironment)))
        {
            return;
        }

        services.AddSingleton(new GoEnvironment(Environment.GetEnvironmentVariable));
        services.AddSingleton<IPostConfigureOptions<EtcdDiscoveryOptions>>(Get<GoEnvironment>);
        services.AddSingleton<IValidateOptions<EtcdDiscoveryOptions>, EtcdDiscoveryOptionsValidator>();
        services.AddSingleton<IValidateOptions<ServiceRegistrationOptions>, AdditionalServiceValidator>();
        // Does not use BindConfiguration, which also binds and validates on every reload: an invalid setting would throw from the
        // configuration provider, on a background thread, and end the process. RegistrationHostedService handles reloads and their errors.
        services.AddOptions<EtcdDiscoveryOptions>()
            .Configure<IConfiguration, IEnumerable<ConnectionString>>(Bind);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new SafeLoggerFactory(Get<ILoggerFactory>(provider)));
        services.AddMetrics();
        services.AddSingleton(provider => new StoreMetrics(MeterOf(provider), Get<TimeProvider>(provider)));
        services.AddSingleton(provider => new ResolveMetrics(MeterOf(provider)));
        services.AddSingleton(provider => new AttemptTelemetry(MeterOf(provider)));
        services.AddSingleton<CurrentEtcdLogin>();
        services.TryAddSingleton(CreateStore);
        services.AddSingleton(CreateCatalog);
        services.TryAddSingleton(CreatePicker);
        services.TryAddSingleton(CreateResolver);
        services.TryAddSingleton(CreateDirectory);
        services.AddSingleton(provider => new CapitalizedNames(Get<IServiceDirectory>(provider), Get<TimeProvider>(provider)));
        services.AddSingleton(new Timeline(capacity: 1_000));
        services.TryAddSingleton(CreateDiagnostics);
        services.AddSingleton(CreateSession);
        services.AddSingleton(provider => new ReachabilityCheck(
            Get<GoEnvironment>(provider).Variable, Dns.GetHostAddressesAsync, LoggerOf(provider, LogCategories.Registration)));
        services.AddSingleton(CreateRegistry);
        services.TryAddSingleton<IServiceRegistry>(Get<ServiceRegistry>);
        services.AddSingleton<ConfiguredServices>();
        services.AddSingleton<IHostedService>(provider => new SettingsDiagnostics(
            Get<IConfiguration>(provider),
            provider.GetServices<AdditionalService>(),
            provider.GetServices<ConnectionString>(),
            Get<GoEnvironment>(provider),
            LoggerOf(provider, LogCategories.Hosting)));
        services.AddSingleton<IHostedService>(CreateStateMetrics);
        services.AddSingleton<IHostedService>(CreateHostedService);
    }

    private static void Bind(EtcdDiscoveryOptions options, IConfiguration configuration, IEnumerable<ConnectionString> connectionStrings)
    {
        var section = configuration.GetSection(EtcdDiscoveryOptions.SectionName);
        var etcd = section.GetSection(nameof(options.Etcd));
        var service = section.GetSection(nameof(options.Service));
        IReadOnlyList<MalformedSetting> malformed =
        [
            .. MalformedSettings.Find<EtcdDiscoveryOptions>(section),
            .. MalformedSettings.Find<EtcdDiscoverySettings>(section),
            .. MalformedSettings.Find<EtcdOptions>(etcd),
            .. MalformedSettings.Find<EtcdTlsOptions>(etcd.GetSection(nameof(EtcdOptions.Tls))),
        ];
        var malformedOfService = MalformedSettings.Find<ServiceRegistrationOptions>(service);
        MalformedSettings.Without(section, [.. malformed, .. malformedOfService]).Bind(options);
        options.Malformed = malformed;
        options.Service.Malformed = malformedOfService;
        if (EndpointSources.TryGetText(configuration, out var text))
        {
            options.Etcd.Endpoints = ConnectionString.Split(text);
        }

        foreach (var connectionString in connectionStrings)
        {
            connectionString.Bind(options, configuration);
        }
    }

    private static IDiscoveryStore CreateStore(IServiceProvider provider)
    {
        var options = Options(provider);
        var timeProvider = Get<TimeProvider>(provider);
        var loggerFactory = Get<SafeLoggerFactory>(provider);
        switch (options.Store)
        {
            case DiscoveryStoreKind.Etcd:
                return new EtcdStore(options.Etcd, timeProvider, loggerFactory, Get<CurrentEtcdLogin>(provider).Get);
            case DiscoveryStoreKind.EtcdV2:
                return new EtcdV2Store(options.Etcd, timeProvider, loggerFactory, Get<CurrentEtcdLogin>(provider).Get);
            case DiscoveryStoreKind.InMemory:
                Log.InMemory(loggerFactory.CreateLogger(LogCategories.Hosting));
                return new InMemoryDiscoveryStore(timeProvider);
            default:
                throw new InvalidOperationException($"Unknown store: {options.Store}.");
        }
    }

    private static ServiceCatalog CreateCatalog(IServiceProvider provider)
    {
        var options = Options(provider);
        var settings = new CatalogSettings(BackoffOf(options))
        {
            IdleTimeout = NeverIfZero(options.CacheIdleTimeout),
            RefreshInterval = NeverIfZero(options.RefreshInterval),
            OutageGrace = options.OutageGrace ?? options.TimeToLive * 2,
            Timeline = Get<Timeline>(provider),
            Directory = string.IsNullOrEmpty(options.SnapshotDirectory)
                ? null
                : new SnapshotDirectory(options.SnapshotDirectory, Get<TimeProvider>(provider), LoggerOf(provider, LogCategories.Resolution)),
        };
        return new(StoreOf(provider), settings, Get<TimeProvider>(provider), Get<SafeLoggerFactory>(provider));
    }

    private static IInstancePicker CreatePicker(IServiceProvider provider) => InstancePickers.Of(Options(provider).Balancing);

    private static IServiceResolver CreateResolver(IServiceProvider provider) => Options(provider).Enabled
        ? new ServiceResolver(
            Get<ServiceCatalog>(provider), Get<IInstancePicker>(provider), Options(provider).PreferredZone, Get<ResolveMetrics>(provider))
        : new DisabledServiceResolver();

    private static IServiceDirectory CreateDirectory(IServiceProvider provider) => Options(provider).Enabled
        ? new ServiceDirectory(StoreOf(provider))
        : new DisabledServiceResolver();

    private static IDiscoveryDiagnostics CreateDiagnostics(IServiceProvider provider) => new DiscoveryDiagnostics(
        Get<ServiceCatalog>(provider),
        Get<SessionLoop>(provider).Session,
        Get<Timeline>(provider),
        Options(provider));

    private static SessionLoop CreateSession(IServiceProvider provider) => new(
        StoreOf(provider),
        new SessionSettings(Options(provider).TimeToLive, Options(provider).DrainDelay, BackoffOf(Options(provider))),
        Get<TimeProvider>(provider),
        Get<SafeLoggerFactory>(provider));

    private static ServiceRegistry CreateRegistry(IServiceProvider provider)
    {
        var timeline = Get<Timeline>(provider);
        var timeProvider = Get<TimeProvider>(provider);
        return new(
            Get<SessionLoop>(provider),
            NodeHostname.Get(Get<GoEnvironment>(provider).Variable),
            Options(provider).Enabled,
            Get<ReachabilityCheck>(provider),
            (registration, state) => timeline.Add(new()
            {
                Time = timeProvider.GetUtcNow(),
                Kind = DiscoveryEventKind.RegistrationChanged,
                ServiceName = registration.ServiceName,
                InstanceId = registration.InstanceId,
                Detail = state.ToString(),
            }));
    }

    private static RegistrationHostedService CreateHostedService(IServiceProvider provider) => new(
        Get<IOptions<EtcdDiscoveryOptions>>(provider),
        Get<ConfiguredServices>(provider),
        Get<ServiceRegistry>(provider),
        Get<SessionLoop>(provider),
        Get<TimeProvider>(provider),
        LoggerOf(provider, LogCategories.Registration));

    private static StateMetrics CreateStateMetrics(IServiceProvider provider) => new(
        MeterOf(provider),
        Get<IServiceRegistry>(provider),
        Get<IDiscoveryDiagnostics>(provider),
        Get<SessionLoop>(provider).Session,
        Get<Timeline>(provider),
        Get<TimeProvider>(provider));

    // The key prefix and the metrics work with any store; the store itself need not support them.
    private static MeasuredStore StoreOf(IServiceProvider provider)
    {
        var store = Get<IDiscoveryStore>(provider);
        return new(Options(provider).KeyPrefix is { Length: > 0 } prefix ? new PrefixedStore(store, prefix) : store, Get<StoreMetrics>(provider));
    }

    private static Meter MeterOf(IServiceProvider provider) => Telemetry.CreateMeter(Get<IMeterFactory>(provider));

    private static Backoff BackoffOf(EtcdDiscoveryOptions options) => new(options.RetryDelay, options.MaxRetryDelay);

    private static TimeSpan NeverIfZero(TimeSpan time) => time == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : time;

    private static EtcdDiscoveryOptions Options(IServiceProvider provider)
    {
        // The host creates its hosted services, and with them all components, before it runs any validator. So the first component to be
        // created validates all options, and its exception lists the problems of every section.
        Get<ConfiguredServices>(provider).ThrowIfInvalid();
        return Get<IOptions<EtcdDiscoveryOptions>>(provider).Value;
    }

    private static ILogger LoggerOf(IServiceProvider provider, string category) =>
        Get<SafeLoggerFactory>(provider).CreateLogger(category);

    private static T Get<T>(IServiceProvider provider)
        where T : notnull => provider.GetRequiredService<T>();

    private static partial class Log
    {
        [LoggerMessage(3, LogLevel.Warning, "Services are registered only in the memory of this process. To use etcd, set EtcdDiscovery:Store to Etcd and EtcdDiscovery:Etcd:Endpoints:0 to its address, such as http://127.0.0.1:2379", EventName = "InMemory")]
        public static partial void InMemory(ILogger logger);
    }
}
