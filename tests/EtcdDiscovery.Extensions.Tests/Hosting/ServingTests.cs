using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>An instance is in etcd only while its server accepts requests.</summary>
public sealed class ServingTests(SharedEtcd etcd)
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(2);

    private readonly string _service = UniqueName.Of("web");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Prefix => $"/services/{_service}/";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task WebApplication_StartedAndStopped_IsRegisteredOnlyWhileItAcceptsRequests(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        foreach (var (key, value) in server.Settings(_service))
        {
            builder.Configuration[$"EtcdDiscovery:{key}"] = value;
        }

        var moments = new ConcurrentQueue<Moment>();
        // Added before the service of the library, so the host starts it earlier and stops it later.
        builder.Services.AddSingleton<IHostedService>(provider => new Recorder(async name => moments.Enqueue(new(
            name, await AcceptsAsync(provider), (await server.ReadAsync(Prefix)).Count))));
        DiscoveryHost.Prepare(builder, new LogCapture());
        await using var app = builder.Build();
        using var slowStarted = new SemaphoreSlim(0);
        using var slowMayComplete = new SemaphoreSlim(0);
        app.MapGet("/", () => "here");
        app.MapGet("/slow", async () =>
        {
            slowStarted.Release();
            await slowMayComplete.WaitAsync(Token);
            return "done";
        });

        await app.StartAsync(Token);
        var registration = Assert.Single(app.Services.GetRequiredService<IServiceRegistry>().Registrations);
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        Assert.Single(await server.ReadAsync(Prefix));
        using var http = new HttpClient { BaseAddress = AddressOf(app.Services) };
        var slow = http.GetStringAsync("/slow", Token);
        await slowStarted.WaitAsync(Token);
        var stopping = app.StopAsync(Token);
        await Eventually.TrueAsync(() => Task.FromResult(moments.Any(moment => moment.Name == "stopping")), "the application is stopping");
        slowMayComplete.Release();
        await stopping;

        Assert.Equal("done", await slow);
        Assert.Equal(
            [
                new Moment("starting", Accepts: false, Keys: 0),
                new Moment("start", Accepts: false, Keys: 0),
                new Moment("started", Accepts: true, Keys: 0),
                new Moment("stopping", Accepts: true, Keys: 0),
            ],
            moments.Take(4));
        Assert.False(await AcceptsAsync(AddressOf(app.Services)!));
    }

    [Fact]
    public async Task Process_Killed_ExpiresWithinTheTimeToLiveAndTwoSeconds()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        using var process = StartProcess(server);
        try
        {
            await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 1, "the process is registered");
            Assert.Equal(TimeToLive, await server.GrantedAsync((await server.ReadAsync(Prefix))[0].Lease!));

            process.Kill();
            var killed = Stopwatch.StartNew();
            await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 0, "the instance of the killed process has expired");

            Assert.InRange(killed.Elapsed, TimeSpan.Zero, TimeToLive + TimeSpan.FromSeconds(2));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task Process_Terminated_WithdrawsBeforeItExits()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        using var process = StartProcess(server);
        try
        {
            await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 1, "the process is registered");

            // The shell's built-in kill: slim images have no separate one.
            using var kill = Process.Start("sh", ["-c", $"kill -TERM {process.Id}"]);
            await process.WaitForExitAsync(Token).WaitAsync(Eventually.Patience, Token);

            Assert.Empty(await server.ReadAsync(Prefix));
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            process.Kill();
        }
    }

    private Process StartProcess(EtcdServer server)
    {
        var assembly = typeof(ServingTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "Catalog").Value!;
        var start = new ProcessStartInfo("dotnet", [assembly])
        {
            WorkingDirectory = Path.GetDirectoryName(assembly),
            Environment =
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["Logging__LogLevel__Default"] = "None",
                ["EtcdDiscovery__Store"] = "Etcd",
                ["EtcdDiscovery__DrainDelay"] = "00:00:00",
                ["EtcdDiscovery__Etcd__Endpoints__0"] = server.Endpoint,
                ["EtcdDiscovery__TimeToLive"] = $"{TimeToLive}",
                ["EtcdDiscovery__Service__Name"] = _service,
            },
        };
        return Process.Start(start)!;
    }

    private static async Task<bool> AcceptsAsync(IServiceProvider provider) =>
        AddressOf(provider) is { } address && await AcceptsAsync(address);

    private static async Task<bool> AcceptsAsync(Uri address)
    {
        // A new connection, because an existing one would not test the listener.
        using var http = new HttpClient { BaseAddress = address };
        try
        {
            return await http.GetStringAsync("/", Token) == "here";
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static Uri? AddressOf(IServiceProvider provider) =>
        provider.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } address
        && !address.EndsWith(":0", StringComparison.Ordinal)
            ? new Uri(address)
            : null;

    private sealed record Moment(string Name, bool Accepts, int Keys);

    private sealed class Recorder(Func<string, Task> record) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => record("starting");

        public Task StartAsync(CancellationToken cancellationToken) => record("start");

        public Task StartedAsync(CancellationToken cancellationToken) => record("started");

        public Task StoppingAsync(CancellationToken cancellationToken) => record("stopping");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
