using System.Diagnostics;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Resolution;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>A host or a reader with a connection of its own.</summary>
internal sealed class BenchmarkClient(string endpoint) : IAsyncDisposable
{
    private readonly EtcdStore _store = new(new EtcdOptions { Endpoints = [endpoint] }, TimeProvider.System, NullLoggerFactory.Instance);
    private SessionLoop? _session;
    private ServiceCatalog? _catalog;
    private Task _following = Task.CompletedTask;

    /// <summary>When the host registered last, as a timestamp of <see cref="Stopwatch"/>.</summary>
    public long RegisteredAt { get; private set; }

    public async Task RegisterAsync(string service)
    {
        (_session, var registry) = RegisterCalls.CreateRegistry(_store);
        var registration = registry.Register(RegisterCalls.OptionsOf(service));
        await registration.WaitUntilRegisteredAsync();
        _following = FollowAsync(registration);
    }

    public async Task ReadAsync(string service)
    {
        _catalog = EtcdFleet.NewCatalog(_store);
        await EtcdFleet.NewResolver(_catalog).GetSnapshotAsync(service);
    }

    public async ValueTask DisposeAsync()
    {
        await (_catalog?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_session?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _following;
        await _store.DisposeAsync();
    }

    private async Task FollowAsync(IServiceRegistration registration)
    {
        await foreach (var state in registration.WatchStateAsync())
        {
            if (state == RegistrationState.Registered)
            {
                RegisteredAt = Stopwatch.GetTimestamp();
            }
        }
    }
}
