using System.Collections.Concurrent;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Updates, withdrawals and further registrations at run time, on a real etcd.</summary>
public sealed class UpdateTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Prefix => $"/services/{_service}/";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Update_PortsAndMetadata_LeavesNoGap(EtcdVersion version)
    {
        const int updates = 20;
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var registration = await RegisterAsync(host, Options(1));
        await using var changes = new ChangeReader(host.Resolver.WatchAsync(_service, cancellationToken: Token));
        Assert.Equal($"Up {registration.InstanceId} h.dev", await changes.NextAsync());
        using var ending = new CancellationTokenSource();
        var absent = new ConcurrentQueue<string>();
        var polling = PollAsync(server, Prefix + registration.InstanceId, absent, ending.Token);

        for (var i = 2; i <= updates; i++)
        {
            await registration.UpdateAsync(Options(i), Token);
            Assert.Contains($"\"ports\":{{\"http\":\"{i}\"}}", Assert.Single(await server.ReadAsync(Prefix)).Value, StringComparison.Ordinal);
            Assert.Equal($"Updated {registration.InstanceId} h.dev", await changes.NextAsync());
        }

        await ending.CancelAsync();
        Assert.True(await polling > 0);
        Assert.Empty(absent);
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetFirstInstanceAsync(_service, cancellationToken: Token)).Metadata?["n"] == $"{updates}",
            "the last update is resolved");
        Assert.Equal(RegistrationState.Registered, registration.State);
    }

    [Fact]
    public async Task Update_UnchangedOrInvalidOptions_HasNoEffect()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var registration = await RegisterAsync(host, Options(1));
        var before = await server.ReadAsync(Prefix);

        await registration.UpdateAsync(Options(1), Token);
        await Assert.ThrowsAsync<ArgumentException>(() => registration.UpdateAsync(new() { Name = "other" }, Token));
        await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => registration.UpdateAsync(new() { Name = _service, Weight = -1 }, Token));

        Assert.Equal(before, await server.ReadAsync(Prefix));
    }

    [Fact]
    public async Task Update_OfAPublicService_RewritesTheDescriptionAndKeepsSharedCredentials()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = new CredentialFleet(server);
        var a = await fleet.StartAsync("a");
        await fleet.StartAsync("b");
        await fleet.WaitForCredentialsAsync("b");

        // The credentials in a's configuration have not changed.
        await a.UpdateAsync(Public("a", "other.dev"), Token);
        await fleet.WaitForCredentialsAsync("b");
        Assert.Contains("\"hostname\":\"other.dev\"", (await fleet.InfoAsync())!, StringComparison.Ordinal);

        await a.UpdateAsync(Public("new", "other.dev"), Token);
        await fleet.WaitForCredentialsAsync("new");

        ServiceRegistrationOptions Public(string user, string hostname) => new()
        {
            Name = fleet.Service,
            Hostname = hostname,
            Public = true,
            User = user,
            Password = "p-" + user,
        };
    }

    [Fact]
    public async Task Dispose_OneRegistration_WithdrawsOnlyThatOne()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var stays = await RegisterAsync(host, Options(1));
        var goes = await RegisterAsync(host, Options(2));
        var before = (await server.ReadAsync(Prefix + stays.InstanceId))[0];

        await Task.WhenAll(goes.DisposeAsync().AsTask(), goes.DisposeAsync().AsTask());
        await goes.DisposeAsync();

        Assert.Equal(before, Assert.Single(await server.ReadAsync(Prefix)));
        Assert.Equal((RegistrationState.Withdrawn, RegistrationState.Registered), (goes.State, stays.State));
        Assert.Same(stays, Assert.Single(host.Registry.Registrations));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => goes.UpdateAsync(Options(3), Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => goes.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => goes.SetCredentialsAsync(new ServiceCredentials("u", "p"), Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => goes.WaitUntilRegisteredAsync(Token));

        var again = await RegisterAsync(host, Options(4));
        Assert.NotEqual(goes.InstanceId, again.InstanceId);
        Assert.Equal(2, (await server.ReadAsync(Prefix)).Count);
    }

    [Fact]
    public async Task Dispose_LastRegistration_ClosesTheSessionAndTheNextOpensAnother()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var only = await RegisterAsync(host, Options(1));
        var lease = (await server.ReadAsync(Prefix))[0].Lease!;

        await only.DisposeAsync();
        Assert.Empty(await server.ReadAsync(Prefix));
        await Eventually.TrueAsync(async () => await server.GrantedAsync(lease) is null, "the lease is revoked");

        for (var i = 0; i < 10; i++)
        {
            var next = await RegisterAsync(host, Options(2));
            Assert.Equal(Prefix + next.InstanceId, Assert.Single(await server.ReadAsync(Prefix)).Key);
            await next.DisposeAsync();
            Assert.Empty(await server.ReadAsync(Prefix));
        }
    }

    [Fact]
    public async Task Dispose_HostAlreadyStopped_HasNoEffect()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var registration = await RegisterAsync(host, Options(1));

        await host.StopAsync();
        await registration.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => registration.UpdateAsync(Options(2), Token));
    }

    [Fact]
    public async Task Update_TooLargeForReaders_IsRefusedAndChangesNothing()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var options = Options(1);
        options.Zone = new string('z', 60_000);
        var registration = await RegisterAsync(host, options);
        var before = await server.ReadAsync(Prefix);
        var tooLong = new string('s', 6_000);

        var reason = await Assert.ThrowsAsync<ArgumentException>(
            () => registration.SetStatusAsync(ServiceStatus.Maintenance, tooLong, Token));
        var password = await Assert.ThrowsAsync<ArgumentException>(
            () => registration.SetCredentialsAsync(new ServiceCredentials("u", tooLong), Token));
        options.Zone += tooLong;
        await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => registration.UpdateAsync(options, Token));

        Assert.Equal(("reason", "credentials"), (reason.ParamName, password.ParamName));
        Assert.Contains("up to 65472 are allowed", reason.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sss", password.Message, StringComparison.Ordinal);
        Assert.Equal(before, await server.ReadAsync(Prefix));
        await registration.SetStatusAsync(ServiceStatus.Maintenance, null, Token);
        Assert.Single((await host.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).Instances);
    }

    [Fact]
    public async Task Credentials_OfOthersTooLong_AreLoggedAndNotAdopted()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await DescribeAsync(server, new string('s', 2_100));
        var described = await server.FindAsync($"/services_infos/{_service}");
        await using var host = await StartPublicAsync(server);
        await host.RegisteredAsync();
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("CredentialsRefused").Any()), "a warning is logged");
        Assert.Equal(described, await server.FindAsync($"/services_infos/{_service}"));
        await DescribeAsync(server, new string('s', 60_000));

        await DescribeAsync(server, "short");
        await Eventually.TrueAsync(
            async () => (await server.ReadAsync(Prefix)) is [{ } only] && only.Value.Contains("\"short\"", StringComparison.Ordinal),
            "shorter credentials are adopted");
        Assert.Single(host.Logs.Of("CredentialsRefused"));
        Assert.DoesNotContain(host.Logs.Lines, line => line.Message.Contains("sss", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Credentials_OfOthersMakingTheInstanceTooLong_AreReportedAndNotWritten()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await StartPublicAsync(server, ("Service:Zone", new string('z', 60_000)));
        var registration = await host.RegisteredAsync();
        await registration.SetStatusAsync(ServiceStatus.Maintenance, new string('r', 5_000), Token);
        var before = await server.ReadAsync(Prefix);

        await DescribeAsync(server, new string('s', 1_900));
        await Eventually.TrueAsync(
            () => Task.FromResult(host.Logs.Of("WriteFailed").Any(
                line => line.Message.Contains("bytes long with its settings, credentials and status", StringComparison.Ordinal))),
            "the reason is reported");

        Assert.Equal(before, await server.ReadAsync(Prefix));
        Assert.DoesNotContain(host.Logs.Lines, line => line.Message.Contains("sss", StringComparison.Ordinal));
    }

    private Task DescribeAsync(EtcdServer server, string password) => server.PutAsync(
        $"/services_infos/{_service}",
        $$"""{"name":"{{_service}}","public":true,"hostname":"h.dev","user":"u","password":"{{password}}"}""");

    private Task<DiscoveryHost> StartPublicAsync(EtcdServer server, params (string Key, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(server.Settings(_service)) { ["Service:Hostname"] = "h.dev", ["Service:Public"] = "true" };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        return DiscoveryHost.StartAsync(all);
    }

    private static async Task<int> PollAsync(
        EtcdServer server, string key, ConcurrentQueue<string> absent, CancellationToken ending)
    {
        var polls = 0;
        while (!ending.IsCancellationRequested)
        {
            if (await server.FindAsync(key) is null)
            {
                absent.Enqueue($"poll {polls}");
            }

            polls++;
        }

        return polls;
    }

    private static async Task<IServiceRegistration> RegisterAsync(DiscoveryHost host, ServiceRegistrationOptions options)
    {
        var registration = host.Registry.Register(options);
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        return registration;
    }

    private ServiceRegistrationOptions Options(int number) => new()
    {
        Name = _service,
        Hostname = "h.dev",
        Ports = new Dictionary<string, string> { ["http"] = $"{number}" },
        Metadata = new Dictionary<string, string> { ["n"] = $"{number}" },
    };
}
