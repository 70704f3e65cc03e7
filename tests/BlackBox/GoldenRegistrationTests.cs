using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.BlackBox;

/// <summary>Tests that change the environment of the process, which all tests share, so they do not run in parallel.</summary>
[CollectionDefinition(nameof(ChangedEnvironment), DisableParallelization = true)]
public sealed class ChangedEnvironment;

/// <summary>For every recording of the Go library: with the same input, an application writes the same keys and bytes, and returns the same
/// URLs.</summary>
[Collection(nameof(ChangedEnvironment))]
public sealed class GoldenRegistrationTests(SharedEtcd etcd)
{
    // In Go these corrupt the store.
    private static readonly string[] Corrupting =
    [
        "39-service-name-double-slash", "40-service-name-dots", "41-service-name-trailing-slash",
        "42-service-name-leading-slash", "45-service-name-dot", "46-empty-service-name",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Refused => [.. Corrupting];

    [Fact]
    public void Recordings_Golden_AreComplete() => Assert.Equal(34, GoldenCase.Names.Count());

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    [InlineData(EtcdVersion.Second, StoreName.V2)]
    public async Task Registration_OfEveryRecordedHost_MatchesKeysBytesAndUrlsOfGo(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        var cases = GoldenCase.Names.Except(Corrupting).ToDictionary(name => name, name => GoldenCase.Load(name));
        foreach (var sameNode in cases.GroupBy(golden => golden.Value.NodeHostname, StringComparer.Ordinal))
        {
            using var node = new NodeHostname(sameNode.Key);
            await using var app = await App.StartAsync(keys.Settings());
            foreach (var (name, golden) in sameNode)
            {
                var registration = app.Services.Register(Given(golden));
                await registration.RegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);

                var id = registration.Id;
                Assert.Equal(
                    (name, node.Of(golden.InstanceValue(id)), golden.InfoValue),
                    (name, await keys.FindAsync(node.Of(golden.InstanceKey(id))), await keys.FindAsync(golden.InfoKey)));
                await AssertUrlsAsync(app, name, golden, node);
            }
        }
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Registration_ConfiguredAsARecordedHost_MatchesKeysAndBytesOfGo(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        var golden = GoldenCase.Load("01-public-full");
        Dictionary<string, string?> settings = new(keys.Settings(golden.Service))
        {
            [Setting.Hostname] = golden.Hostname,
            [Setting.Public] = golden.IsPublic.ToString(),
            [Setting.PrivateHostname] = golden.PrivateHostname,
            [Setting.Critical] = golden.IsCritical.ToString(),
            [Setting.Shard] = golden.Shard,
            [Setting.User] = golden.User,
            [Setting.Password] = golden.Password,
        };
        foreach (var (scheme, port) in golden.HostPorts!)
        {
            settings[$"{Setting.Ports}:{scheme}"] = port;
        }

        foreach (var (scheme, port) in golden.PrivatePorts!)
        {
            settings[$"{Setting.PrivatePorts}:{scheme}"] = port;
        }

        await using var app = await App.RegisterAsync(settings);

        var id = app.Registration.Id;
        Assert.Equal(golden.InstanceValue(id), await keys.FindAsync(golden.InstanceKey(id)));
        Assert.Equal(golden.InfoValue, await keys.FindAsync(golden.InfoKey));
        await app.StopAsync();
        Assert.Null(await keys.FindAsync(golden.InstanceKey(id)));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Registration_ThatCorruptsTheStoreInGo_IsRefused(string name)
    {
        var golden = GoldenCase.Load(name);
        await using var app = App.Build(new Dictionary<string, string?>
        {
            [Setting.Store] = StoreName.Memory,
            [Setting.Name] = golden.Service,
            [Setting.Hostname] = golden.Hostname,
        });
        await using var running = await App.StartAsync(new Dictionary<string, string?> { [Setting.Store] = StoreName.Memory });

        var atStart = await Assert.ThrowsAsync<OptionsValidationException>(app.StartAsync);
        Assert.Throws<OptionsValidationException>(() => running.Services.Register(Given(golden)));

        Assert.Contains(Setting.Name, Assert.Single(atStart.Failures), StringComparison.Ordinal);
        Assert.Contains($"'{golden.Service}'", atStart.Message, StringComparison.Ordinal);
        Assert.Empty(running.Services.Registrations());
    }

    private static Registering Given(GoldenCase golden) => new(golden.Service)
    {
        Hostname = golden.Hostname,
        Ports = golden.HostPorts,
        Public = golden.IsPublic,
        PrivateHostname = golden.PrivateHostname,
        PrivatePorts = golden.PrivatePorts,
        Critical = golden.IsCritical,
        Shard = golden.Shard,
        User = golden.User,
        Password = golden.Password,
    };

    private static async Task AssertUrlsAsync(App app, string name, GoldenCase golden, NodeHostname node)
    {
        var (services, service, path) = (app.Services, golden.Service, golden.UrlPath);
        foreach (var scheme in golden.Schemes)
        {
            Dictionary<string, Func<Task<string>>> calls = new()
            {
                ["Get.URL"] = () => services.UriAsync(service, scheme, path, null, Token),
                ["GetForShard(shard-0).URL"] = () => services.UriAsync(service, scheme, path, "shard-0", Token),
                ["GetForShard(other).URL"] = () => services.UriAsync(service, scheme, path, "other", Token),
                ["Get.One.URL"] = () => services.InstanceUriAsync(service, scheme, path, first: false, isPrivate: false, Token),
                ["Get.First.URL"] = () => services.InstanceUriAsync(service, scheme, path, first: true, isPrivate: false, Token),
                ["Get.First.PrivateURL"] = () => services.InstanceUriAsync(service, scheme, path, first: true, isPrivate: true, Token),
            };
            foreach (var (call, queryAsync) in calls)
            {
                Assert.Equal((name, scheme, call, Expected(golden, scheme, call, node)), (name, scheme, call, await queryAsync()));
            }
        }
    }

    private static string Expected(GoldenCase golden, string scheme, string call, NodeHostname node)
    {
        var url = golden.Url(scheme, call);
        // For a port without a name, Go builds a URL without a scheme.
        if (url?.StartsWith("://", StringComparison.Ordinal) == true)
        {
            return Failure.UnknownScheme;
        }

        return url is null ? FailureOf(golden.Error(scheme, call)) : node.Of(Escaped(url, golden, node));
    }

    private static string FailureOf(string? error) => error switch
    {
        // Go returns another, unexported error for an empty scheme and an instance without http and https.
        "ErrUnknownScheme" or "" => Failure.UnknownScheme,
        "ErrNoHostFoundOnShard" => Failure.NoInstanceOnShard,
        _ => $"{error}",
    };

    // Go escapes too little, and builds URLs without a host; here, the two host names of a private instance are equivalent.
    private static string Escaped(string url, GoldenCase golden, NodeHostname node) => url
        .Replace("p@ss:w/ord?&<>\"é", "p%40ss%3Aw%2Ford%3F&%3C%3E%22%C3%A9", StringComparison.Ordinal)
        .Replace("\uFFFD", "%EF%BF%BD", StringComparison.Ordinal)
        .Replace("@2001:db8::1:", "@[2001:db8::1]:", StringComparison.Ordinal)
        .Replace("@fd00::1:", "@[fd00::1]:", StringComparison.Ordinal)
        .Replace("http://u:p@:1/", $"http://u:p@{(string.IsNullOrEmpty(golden.PrivateHostname) ? node.Name : golden.PrivateHostname)}:1/", StringComparison.Ordinal);

    /// <summary>Replaces the host name of this machine by that of the recording, until disposed.</summary>
    private sealed class NodeHostname : IDisposable
    {
        // The name of the recording machine, which is used if HOSTNAME is not set.
        private const string Recorded = "vm";

        private readonly string? _before = Environment.GetEnvironmentVariable("HOSTNAME");

        public NodeHostname(string recorded)
        {
            Name = recorded == Recorded ? Environment.MachineName : recorded;
            Environment.SetEnvironmentVariable("HOSTNAME", recorded == Recorded ? null : recorded);
        }

        public string Name { get; }

        /// <summary>Returns recorded text with the name of this machine.</summary>
        public string Of(string recorded) => Name != Environment.MachineName ? recorded : recorded
            .Replace($"\"{Recorded}\"", $"\"{Name}\"", StringComparison.Ordinal)
            .Replace($"-{Recorded}\"", $"-{Name}\"", StringComparison.Ordinal)
            .Replace($"{Recorded}:", $"{Name}:", StringComparison.Ordinal);

        public void Dispose() => Environment.SetEnvironmentVariable("HOSTNAME", _before);
    }
}
