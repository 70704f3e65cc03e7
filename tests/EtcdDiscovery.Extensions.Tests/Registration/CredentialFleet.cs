using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Hosts of one service on one store, with raw reads and writes of other clients.</summary>
internal sealed class CredentialFleet : IAsyncDisposable
{
    private readonly List<DiscoveryHost> _hosts = [];
    private readonly EtcdServer? _server;
    private readonly InMemoryDiscoveryStore? _memory;
    private IDiscoverySession? _raw;

    public CredentialFleet(EtcdServer server) => _server = server;

    public CredentialFleet(InMemoryDiscoveryStore memory) => _memory = memory;

    /// <summary>Decorates the store of each host.</summary>
    public Func<IDiscoveryStore, IDiscoveryStore>? Wrap { get; init; }

    public string Service { get; } = UniqueName.Of("shop");

    public string Prefix => $"/services/{Service}/";

    public string InfoKey => $"/services_infos/{Service}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static string? UserOf(IServiceRegistration host) => host.Credentials?.User;

    /// <summary>The description that a public Go host writes.</summary>
    public string PublicInfo(string? user) => user is null
        ? $$"""{"name":"{{Service}}","critical":false,"hostname":"h.dev","ports":{"http":"80"},"public":true}"""
        : $$"""{"name":"{{Service}}","critical":false,"hostname":"h.dev","user":"{{user}}","password":"p-{{user}}","ports":{"http":"80"},"public":true}""";

    /// <summary>The description that a private Go host writes.</summary>
    public string PrivateInfo() => $$"""{"name":"{{Service}}","critical":false}""";

    /// <summary>Starts a public host with its own session, like a separate process.</summary>
    public async Task<IServiceRegistration> StartAsync(string? user = null, Action<Dictionary<string, string?>>? adjust = null)
    {
        var host = await StartHostAsync(user, adjust);
        return await host.RegisteredAsync();
    }

    public async Task<DiscoveryHost> StartHostAsync(string? user = null, Action<Dictionary<string, string?>>? adjust = null)
    {
        Dictionary<string, string?> settings = _server?.Settings(Service) ?? new() { ["Service:Name"] = Service };
        settings["Service:Hostname"] = "h.dev";
        settings["Service:Ports:http"] = "80";
        settings["Service:Public"] = "true";
        if (user is not null)
        {
            settings["Service:User"] = user;
            settings["Service:Password"] = "p-" + user;
        }

        adjust?.Invoke(settings);
        var host = await DiscoveryHost.StartAsync(settings, builder =>
        {
            if (_memory is not null)
            {
                builder.Services.AddEtcdDiscovery().UseInMemoryStore(_memory);
            }

            if (Wrap is not null)
            {
                builder.Services.AddEtcdDiscovery().UseStore(_ => Wrap(EtcdStores.Create(_server!.Endpoint)));
            }
        });
        lock (_hosts)
        {
            _hosts.Add(host);
        }

        return host;
    }

    /// <summary>Writes the description as another client.</summary>
    public async Task PutInfoAsync(string value)
    {
        if (_server is not null)
        {
            await _server.PutAsync(InfoKey, value);
            return;
        }

        var put = new StorePut(InfoKey, Encoding.UTF8.GetBytes(value)) { IsDurable = true };
        Assert.NotNull(await (await RawAsync()).TryPutAsync([put], Token));
    }

    public async Task DeleteInfoAsync() =>
        await (_server?.DeleteAsync(InfoKey) ?? (await RawAsync()).DeleteAsync([InfoKey], Token));

    public async Task<string?> InfoAsync() => _server is not null
        ? (await _server.FindAsync(InfoKey))?.Value
        : (await ReadAsync(StoreRange.Exact(InfoKey))).Select(entry => Encoding.UTF8.GetString(entry.Value.Span)).FirstOrDefault();

    public async Task<IReadOnlyList<string>> InstancesAsync() => _server is not null
        ? [.. (await _server.ReadAsync(Prefix)).Select(entry => entry.Value)]
        : [.. (await ReadAsync(StoreRange.Prefix(Prefix))).Select(entry => Encoding.UTF8.GetString(entry.Value.Span))];

    /// <summary>Waits until the description, the key of every host and all applications have the same user.</summary>
    public Task WaitForCredentialsAsync(string? user) => Eventually.TrueAsync(
        async () => await AgreementAsync() is [var agreed] && agreed == (user ?? ""), $"all have the user '{user}'");

    /// <summary>The distinct users that are in use anywhere.</summary>
    public async Task<string[]> AgreementAsync()
    {
        var registrations = _hosts.SelectMany(host => host.Registry.Registrations).ToList();
        var instances = await InstancesAsync();
        return instances.Count != registrations.Count
            ? []
            : [.. instances.Select(UserIn)
                .Append(await InfoAsync() is { } info ? UserIn(info) : "no description")
                .Concat(registrations.Select(registration => UserOf(registration) ?? ""))
                .Distinct()];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }
    }

    private static string UserIn(string value) =>
        ServiceJson.TryDecode("any", Encoding.UTF8.GetBytes(value), out ServiceInfo? read, out _)
            ? read.Credentials?.User ?? ""
            : "unreadable";

    private async Task<IReadOnlyList<StoreEntry>> ReadAsync(StoreRange range) =>
        (await _memory!.ReadAsync([range], Token)).Entries;

    private async Task<IDiscoverySession> RawAsync() =>
        _raw ??= await _memory!.OpenSessionAsync(TimeSpan.FromDays(1), Token);
}
