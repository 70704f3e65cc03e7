using System.Diagnostics;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Registers a host with the registry, and with the minimum of requests. Times are in milliseconds.</summary>
internal sealed class RegisterCalls(EtcdStore store)
{
    private static readonly TimeSpan TimeToLive = new EtcdDiscoveryOptions().TimeToLive;

    /// <summary>Creates a registry with its own session.</summary>
    public static (SessionLoop Session, ServiceRegistry Registry) CreateRegistry(IDiscoveryStore store)
    {
        var options = new EtcdDiscoveryOptions();
        var settings = new SessionSettings(
            options.TimeToLive, options.DrainDelay, new Backoff(options.RetryDelay, options.MaxRetryDelay));
        var session = new SessionLoop(store, settings, TimeProvider.System, NullLoggerFactory.Instance);
        return (session, new ServiceRegistry(session, "node-1.example"));
    }

    public static ServiceRegistrationOptions OptionsOf(string service) => new()
    {
        Name = service,
        Hostname = "public.example",
        Ports = new Dictionary<string, string> { ["http"] = "80", ["https"] = "443" },
        Public = true,
        PrivateHostname = "node-1.example",
        User = "user",
        Password = "secret",
    };

    public ValueTask<double> OursAsync() => OursAsync(Guid.NewGuid().ToString());

    public ValueTask<double> BaselineAsync() => BaselineAsync(Guid.NewGuid().ToString(), isFirst: true);

    public ValueTask<double> OursAgainAsync() => OursAsync(nameof(RegisterCalls));

    public ValueTask<double> BaselineAgainAsync() => BaselineAsync(nameof(RegisterCalls), isFirst: false);

    private async ValueTask<double> OursAsync(string service)
    {
        var (session, registry) = CreateRegistry(store);
        await using var ending = session;
        var options = OptionsOf(service);

        var start = Stopwatch.GetTimestamp();
        var registration = registry.Register(options);
        await registration.WaitUntilRegisteredAsync();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private async ValueTask<double> BaselineAsync(string service, bool isFirst)
    {
        var host = EncodedInstance.From(OptionsOf(service), "node-1.example", Guid.NewGuid());
        var info = new StorePut(ServiceKeys.Description(service), ServiceJson.Encode(host.Description)) { IsDurable = true, ExpectedRevision = 0 };
        var instance = new StorePut(ServiceKeys.Instance(service, host.Instance.Id), host.Value);

        var start = Stopwatch.GetTimestamp();
        var session = await store.OpenSessionAsync(TimeToLive, CancellationToken.None);
        var revision = await session.TryPutAsync(isFirst ? [info, instance] : [instance], CancellationToken.None);
        var time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        _ = revision ?? throw new InvalidOperationException("The transaction wrote nothing.");
        await session.CloseAsync(CancellationToken.None);
        await session.DisposeAsync();
        return time;
    }
}
