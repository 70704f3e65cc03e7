using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>What callers get that use the library while its host is disposed, or afterwards.</summary>
public sealed class DisposalTests(SharedEtcd etcd)
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("InMemory", true)]
    [InlineData("InMemory", false)]
    [InlineData("Etcd", true)]
    [InlineData("Etcd", false)]
    [InlineData("EtcdV2", true)]
    [InlineData("EtcdV2", false)]
    public async Task Use_AfterTheHostIsDisposed_ThrowsObjectDisposedException(string store, bool isAsync)
    {
        var host = await StartAsync(store);
        await host.Resolver.GetInstanceAsync(host.Registration.ServiceName, cancellationToken: Token);
        var uses = UsesOf(host);

        await DisposeAsync(host, isAsync);

        await AssertAllDisposedAsync(uses.Select(use => (use.Key, use.Value())));
    }

    [Theory]
    [InlineData("Etcd", true)]
    [InlineData("Etcd", false)]
    [InlineData("EtcdV2", true)]
    [InlineData("EtcdV2", false)]
    public async Task Use_WhileTheHostIsDisposed_ThrowsObjectDisposedException(string store, bool isAsync)
    {
        // Connections are established and never answered.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var host = await DiscoveryHost.StartAsync(new()
        {
            ["Store"] = store,
            ["Etcd:Endpoints:0"] = $"http://{silent.LocalEndpoint}",
            ["Service:Name"] = Service,
        });
        var running = UsesOf(host).Select(use => (use.Key, use.Value())).ToList();
        Assert.All(running, use => Assert.False(use.Item2.IsCompleted, use.Key));

        await DisposeAsync(host, isAsync);

        await AssertAllDisposedAsync(running);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Host_AnotherServiceFailsToStart_DoesNotStayRegistered(bool isRequired)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of(Service);
        var host = DiscoveryHost.Build(
            new(server.Settings(service)) { ["TimeToLive"] = "00:10:00", ["RequireRegistration"] = isRequired.ToString() },
            builder => builder.Services.AddSingleton<IHostedService, FailsToStart>());

        await Assert.ThrowsAsync<NotSupportedException>(() => host.Services.GetRequiredService<IHost>().RunAsync(Token));

        Assert.NotEmpty(host.Logs.Of("Registered"));
        Assert.Empty(await server.ReadLocallyAsync($"/services/{service}/"));
    }

    [Fact]
    public async Task Dispose_SynchronouslyRightAfterStopping_Returns()
    {
        for (var i = 0; i < 10; i++)
        {
            var host = await DiscoveryHost.StartAsync(
                new() { ["Service:Name"] = Service },
                builder => builder.Services.AddEtcdDiscovery().UseStore(_ => new ThreadedWatches(new InMemoryDiscoveryStore())));
            await host.RegisteredAsync();

            await Task.Run(
                async () =>
                {
                    await host.StopAsync();
                    ((IDisposable)host.Services.GetRequiredService<IHost>()).Dispose();
                },
                Token).WaitAsync(Eventually.Patience, Token);
        }
    }

    private async Task<DiscoveryHost> StartAsync(string store)
    {
        if (store == "InMemory")
        {
            return await DiscoveryHost.RegisterAsync(new() { ["Store"] = store, ["Service:Name"] = Service });
        }

        var server = await etcd.GetAsync(SharedEtcd.For(store, EtcdVersion.First));
        return await DiscoveryHost.RegisterAsync(new(server.Settings(UniqueName.Of(Service))) { ["Store"] = store });
    }

    private static Dictionary<string, Func<Task>> UsesOf(DiscoveryHost host)
    {
        var resolver = host.Resolver;
        var directory = host.Services.GetRequiredService<IServiceDirectory>();
        var diagnostics = host.Services.GetRequiredService<IDiscoveryDiagnostics>();
        var registry = host.Registry;
        var registration = host.Registration;
        var service = registration.ServiceName;
        var recent = ReadConsistency.MaxStaleness(TimeSpan.FromMilliseconds(1));
        return new()
        {
            ["snapshot"] = () => resolver.GetSnapshotAsync(service, cancellationToken: Token).AsTask(),
            ["snapshot of another service"] = () => resolver.GetSnapshotAsync("other", cancellationToken: Token).AsTask(),
            ["linearizable snapshot"] = () => resolver.GetSnapshotAsync(service, ReadConsistency.Linearizable, Token).AsTask(),
            ["recent snapshot"] = () => resolver.GetSnapshotAsync(service, recent, Token).AsTask(),
            ["instance"] = () => resolver.GetInstanceAsync(service, cancellationToken: Token).AsTask(),
            ["instances"] = () => resolver.GetInstancesAsync(service, cancellationToken: Token).AsTask(),
            ["uri"] = () => resolver.GetUriAsync(service, "http", cancellationToken: Token).AsTask(),
            ["watch"] = async () => await resolver.WatchAsync(service, Token).GetAsyncEnumerator(Token).MoveNextAsync(),
            ["directory"] = () => directory.GetServiceNamesAsync(Token),
            ["explanation"] = () => diagnostics.ExplainAsync(service, cancellationToken: Token).AsTask(),
            ["register"] = async () => await registry.Register(new() { Name = "late" }).WaitUntilRegisteredAsync(Token),
            ["status"] = () => registration.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token),
            ["wait"] = () => registration.WaitUntilRegisteredAsync(Token),
        };
    }

    private static async Task DisposeAsync(DiscoveryHost host, bool isAsync)
    {
        if (isAsync)
        {
            await host.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);
        }
        else
        {
            ((IDisposable)host.Services.GetRequiredService<IHost>()).Dispose();
        }
    }

    private static async Task AssertAllDisposedAsync(IEnumerable<(string Name, Task Task)> uses)
    {
        List<string> others = [];
        foreach (var (name, task) in uses)
        {
            var error = await Record.ExceptionAsync(() => task.WaitAsync(Eventually.Patience, Token));
            if (error is not ObjectDisposedException)
            {
                others.Add($"{name}: {error?.GetType().Name ?? "succeeded"} {error?.Message}");
            }
        }

        if (others.Count > 0)
        {
            Assert.Fail(string.Join(Environment.NewLine, others));
        }
    }

    /// <summary>Fails after the services that are registered before it have started, once the host is registered.</summary>
    private sealed class FailsToStart(IServiceRegistry registry) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task StartedAsync(CancellationToken cancellationToken)
        {
            await registry.Registrations[0].WaitUntilRegisteredAsync(cancellationToken);
            throw new NotSupportedException();
        }

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>A store whose watches end on threads that its disposal waits for.</summary>
    private sealed class ThreadedWatches(IDiscoveryStore inner) : StoreDecorator(inner)
    {
        private readonly ConcurrentQueue<Task> _watches = new();

        public override async IAsyncEnumerable<StoreBatch> WatchAsync(
            IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            // Its continuations run on the thread that completes it.
            var ended = new TaskCompletionSource();
            var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _watches.Enqueue(returned.Task);
            await using var ending = cancellationToken.Register(() => new Thread(() =>
            {
                ended.TrySetCanceled(cancellationToken);
                returned.TrySetResult();
            }).Start());
            await ended.Task;
            yield break;
        }

        public override async ValueTask DisposeAsync()
        {
            await Task.WhenAll(_watches);
            await base.DisposeAsync();
        }
    }
}
