using EtcdDiscovery.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Testing;

/// <summary>A resolver for unit tests, whose services the test sets up. It needs no etcd and no host.</summary>
/// <remarks>
/// <para>
/// It is the real resolver on a store in memory: selection, load balancing, ejections, errors and updates work as in production. A query
/// sees every change that was made before it.
/// </para>
/// <para>
/// Safe for concurrent use. Disposing it is optional: it holds memory only. For tests of outages and expiring instances, use
/// <see cref="ScriptedFleet"/>.
/// </para>
/// </remarks>
public sealed class FakeServiceResolver : IServiceResolver, IDisposable, IAsyncDisposable
{
    private readonly ScriptedFleet _fleet = new();
    private readonly ServiceProvider _services;
    private readonly IServiceResolver _resolver;

    /// <summary>Creates a resolver without services.</summary>
    /// <param name="configure">
    /// Changes the settings, such as <see cref="EtcdDiscoveryOptions.Balancing"/> for predictable picks. By default it picks at random.
    /// </param>
    public FakeServiceResolver(Action<EtcdDiscoveryOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddScriptedFleet(_fleet);
        services.AddEtcdDiscovery(options =>
        {
            // Without timers, a resolver that is not disposed can be collected.
            options.CacheIdleTimeout = TimeSpan.Zero;
            options.RefreshInterval = TimeSpan.Zero;
            configure?.Invoke(options);
        });
        _services = services.BuildServiceProvider();
        _resolver = _services.GetRequiredService<IServiceResolver>();
    }

    internal IDiscoveryStore Store => _fleet.Store;

    /// <inheritdoc cref="ScriptedFleet.Up(string, string)"/>
    public ServiceInstance Up(string service, string url) => _fleet.Up(service, url);

    /// <inheritdoc cref="ScriptedFleet.Up(ServiceInstance)"/>
    public ServiceInstance Up(ServiceInstance instance) => _fleet.Up(instance);

    /// <inheritdoc cref="ScriptedFleet.Describe"/>
    public void Describe(ServiceInfo service) => _fleet.Describe(service);

    /// <inheritdoc cref="ScriptedFleet.Drain"/>
    public void Drain(string instanceId) => _fleet.Drain(instanceId);

    /// <inheritdoc cref="ScriptedFleet.Down"/>
    public void Down(string instanceId) => _fleet.Down(instanceId);

    /// <inheritdoc />
    public ValueTask<ServiceSnapshot> GetSnapshotAsync(
        string service, ReadConsistency consistency = default, CancellationToken cancellationToken = default) =>
        consistency.IsLinearizable
            ? _resolver.GetSnapshotAsync(service, consistency, cancellationToken)
            : CatchUpAsync(service, cancellationToken);

    /// <inheritdoc />
    public async ValueTask<ServiceInstance> GetInstanceAsync(
        string service, ServiceQuery query = default, CancellationToken cancellationToken = default)
    {
        await CatchUpAsync(service, cancellationToken).ConfigureAwait(false);
        return await _resolver.GetInstanceAsync(service, query, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public IAsyncEnumerable<ServiceUpdate> WatchAsync(string service, CancellationToken cancellationToken = default) =>
        _resolver.WatchAsync(service, cancellationToken);

    /// <inheritdoc />
    public ServiceCall StartCall(ServiceInstance instance) => _resolver.StartCall(instance);

    /// <summary>Ends all updates. Later queries fail.</summary>
    public void Dispose()
    {
        _services.Dispose();
        _fleet.Dispose();
    }

    /// <summary>Ends all updates. Later queries fail.</summary>
    /// <returns>A task that completes when they have ended.</returns>
    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync().ConfigureAwait(false);
        _fleet.Dispose();
    }

    // The resolver follows the store by a watch, so it may be behind.
    private async ValueTask<ServiceSnapshot> CatchUpAsync(string service, CancellationToken cancellationToken)
    {
        while (true)
        {
            var cached = await _resolver.GetSnapshotAsync(service, default, cancellationToken).ConfigureAwait(false);
            var stored = await _resolver.GetSnapshotAsync(service, ReadConsistency.Linearizable, cancellationToken).ConfigureAwait(false);
            if (stored.Version == cached.Version)
            {
                return cached;
            }

            await ChangeAsync(cached.ChangeToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static Task ChangeAsync(IChangeToken token)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.RegisterChangeCallback(_ => changed.TrySetResult(), null);
        return changed.Task;
    }
}
