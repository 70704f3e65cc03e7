using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>
/// Unanswered puts that a frozen member executes later: what was withdrawn meanwhile stays deleted, although the lease is kept alive for
/// other registrations of the process.
/// </summary>
public sealed class LatePutTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Registration_WithdrawnBeforeItsPutIsExecuted_IsDeletedAgain(bool wasRegistered)
    {
        await using var memory = new InMemoryDiscoveryStore();
        var store = new RefusingStore(memory);
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "stays" },
            builder => builder.Services.AddEtcdDiscovery().UseStore(_ => store));
        await host.RegisteredAsync();
        var isNoAnswer = !wasRegistered;
        store.Refusal = key => isNoAnswer && key.StartsWith("/services/goes/", StringComparison.Ordinal)
            ? new EtcdDiscoveryException("No answer.", isTransient: true)
            : null;
        var goes = host.Registry.Register(new ServiceRegistrationOptions { Name = "goes" });
        if (wasRegistered)
        {
            await goes.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
            isNoAnswer = true;
            _ = goes.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token);
        }

        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("WriteFailed").Any()), "the put gets no answer");
        await goes.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);
        Assert.Empty(await KeysAsync("/services/goes/"));
        Assert.Equal(RegistrationState.Withdrawn, goes.State);
        Assert.Equal("stays", host.Registration.ServiceName);

        for (var i = 0; i < 3; i++)
        {
            await store.ExecuteRefusedAsync();
            await Eventually.TrueAsync(async () => (await KeysAsync("/services/goes/")).Count == 0, "the key is deleted again");
        }

        Assert.Single(host.Logs.Of("Withdrawn"));
        Assert.Single(await KeysAsync("/services/stays/"));
        await host.StopAsync();
        Assert.Empty(await KeysAsync("/services/"));

        async Task<IReadOnlyList<StoreEntry>> KeysAsync(string prefix) =>
            (await memory.ReadAsync([StoreRange.Prefix(prefix)], Token)).Entries;
    }

    [Fact]
    public async Task Registration_PutSucceedsOnRetryAndTheFirstOneIsExecutedAfterTheWithdrawal_IsDeletedAgain()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var unanswered = 0;
        var store = new RefusingStore(memory)
        {
            Refusal = key => key.StartsWith("/services/goes/", StringComparison.Ordinal) && Interlocked.Exchange(ref unanswered, 0) == 1
                ? new EtcdDiscoveryException("No answer.", isTransient: true)
                : null,
        };
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "stays" },
            builder => builder.Services.AddEtcdDiscovery().UseStore(_ => store));
        await host.RegisteredAsync();
        var goes = host.Registry.Register(new ServiceRegistrationOptions { Name = "goes" });
        await goes.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        // Puts the instance alone: without a condition, so that it can be executed late.
        unanswered = 1;
        await goes.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token).WaitAsync(Eventually.Patience, Token);
        Assert.Equal(0, unanswered);
        await goes.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);

        await store.ExecuteRefusedAsync();

        await Eventually.TrueAsync(
            async () => (await memory.ReadAsync([StoreRange.Prefix("/services/goes/")], Token)).Entries.Count == 0, "the key is deleted again");
    }
}
