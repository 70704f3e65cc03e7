using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Testing.Tests;

/// <summary>A real etcd that tests can stop, kill and start.</summary>
public sealed class EtcdProcessTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Restart_AfterKillAndStop_KeepsAddressAndData()
    {
        await using var etcd = new EtcdProcess();
        await etcd.StartAsync(Token);
        var address = etcd.GetConnectionString();
        await using (var app = await StartAsync(address))
        {
            await Assert.Single(app.Services.GetRequiredService<IServiceRegistry>().Registrations).WaitUntilRegisteredAsync(Token);
        }

        await etcd.KillAsync();
        await etcd.StartAsync(Token);
        await etcd.StopAsync();
        await etcd.StartAsync(Token);

        Assert.Equal(address, etcd.GetConnectionString());
        await using var after = await StartAsync(address, registers: false);
        // Descriptions outlive the instances.
        Assert.Equal(["storefront"], await after.Services.GetRequiredService<IServiceDirectory>().GetServiceNamesAsync(Token));
    }

    [Fact]
    public async Task Start_Twice_Throws()
    {
        await using var etcd = new EtcdProcess();
        await etcd.StartAsync(Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => etcd.StartAsync(Token));
    }

    [Fact]
    public async Task Start_UnknownFlag_ThrowsAndCanBeStartedWithout()
    {
        await using var etcd = new EtcdProcess { Arguments = { "--no-such-flag" } };

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => etcd.StartAsync(Token));
        Assert.Contains("no-such-flag", error.Message, StringComparison.Ordinal);

        etcd.Arguments.Clear();
        await etcd.StartAsync(Token);
    }

    [Fact]
    public void New_NoSuchBinary_Throws() =>
        Assert.Equal("/no/such/etcd", Assert.Throws<FileNotFoundException>(() => new EtcdProcess("/no/such/etcd")).FileName);

    private static async Task<App> StartAsync(string address, bool registers = true)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddEtcdDiscovery(options =>
        {
            options.Etcd.Endpoints = [address];
            (options.Service.Name, options.Service.Hostname) = registers ? ("storefront", "127.0.0.1") : (null, null);
            options.DrainDelay = TimeSpan.Zero;
        });
        var host = builder.Build();
        await host.StartAsync(Token);
        return new App(host);
    }

    private sealed class App(IHost host) : IAsyncDisposable
    {
        public IServiceProvider Services => host.Services;

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            host.Dispose();
        }
    }
}
