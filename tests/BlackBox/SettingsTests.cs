using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.BlackBox;

/// <summary>Wrong settings fail the start with one message that names each setting, its value, and what is allowed.</summary>
public sealed class SettingsTests
{
    private const string Secret = "hush-hush";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A setting, a wrong value, and text about what is allowed or wrong that the message must contain.</summary>
    public static TheoryData<string, string, string> Bad => new()
    {
        { Setting.Ports + ":http", "0", "1 65535" },
        { Setting.Ports + ":http", "65536", "1 65535" },
        { Setting.Ports + ":http", "abc", "1 65535" },
        { Setting.Ports + ":http", "-1", "1 65535" },
        { Setting.Ports + ":http", "", "1 65535" },
        { Setting.Ports + ":http", "80 ", "1 65535" },
        { Setting.PrivatePorts + ":http", "99999999999999", "1 65535" },
        { Setting.Name, "", "empty" },
        { Setting.Name, " ", "empty" },
        { Setting.Name, ".", "'.' '..'" },
        { Setting.Name, "a/..", "'.' '..'" },
        { Setting.Name, "/a", "'/'" },
        { Setting.Name, "a/", "'/'" },
        { Setting.Name, "a//b", "'/'" },
        { Setting.Name, "a\u0007b", "control" },
        { Setting.PrivateHostname, "a/b", "'/'" },
        { Setting.Hostname, "user@h.dev", "'@'" },
        { Setting.Hostname, "http://h.dev", "':'" },
        { Setting.Hostname, "h.dev:80", "':'" },
        { Setting.Endpoints + ":0", "ftp://b:2379", "http://etcd-1:2379" },
        { Setting.Endpoints + ":0", "http://b:2379/path", "http://etcd-1:2379" },
        { Setting.Endpoints + ":0", "http://b:99999", "http://etcd-1:2379" },
        { Setting.Endpoints + ":0", "", "http://etcd-1:2379" },
        { Setting.KeyPrefix, "fleet-a", "'/'" },
        { Setting.KeyPrefix, "/", "empty" },
        { Setting.KeyPrefix, "/fleet-a/", "'/'" },
        { Setting.KeyPrefix, "/fleet/../a", "'..'" },
        { Setting.TimeToLive, "00:00:00", "00:00:01 01:00:00" },
        { Setting.TimeToLive, "-00:00:05", "00:00:01 01:00:00" },
        { Setting.RetryDelay, "00:00:03", "MaxRetryDelay 00:00:02" },
        { Setting.MaxRetryDelay, "00:06:00", "00:05:00" },
        { Setting.RegistrationTimeout, "00:00:00", "12:00:00" },
        { Setting.ConnectTimeout, "00:00:00", "00:01:00" },
        { Setting.RequestTimeout, "01:00:00", "00:05:00" },
        { Setting.DrainDelay, "-00:00:01", "00:10:00" },
        { Setting.OutageGrace, "02:00:00", "01:00:00" },
        { Setting.CacheIdleTimeout, "00:00:00.5000000", "00:00:01" },
        { Setting.RefreshInterval, "2.00:00:00", "00:00:01" },
        { Setting.Store, "7", "Etcd EtcdV2 InMemory" },
        { Setting.Balancing, "7", "Random RoundRobin PowerOfTwoChoices First" },
        { Setting.CredentialPolicy, "9", "Share Overwrite" },
        { Setting.InitialStatus, "Draining", "Serving Maintenance" },
        { Setting.Weight, "0", "1000000" },
        // Values that cannot be converted.
        { Setting.TimeToLive, "5s", "00:00:01 01:00:00 00:00:05" },
        { Setting.RequestTimeout, "3s", "00:05:00" },
        { Setting.Store, "Consul", "Etcd EtcdV2 InMemory" },
        { Setting.Balancing, "Least", "Random RoundRobin PowerOfTwoChoices First" },
        { Setting.Public, "yes", "true false" },
        { Setting.RequireRegistration, "1", "true false" },
        { Setting.Weight, "heavy", "1000000" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Setting_Wrong_IsNamedWithItsValueAndWhatIsAllowed(string setting, string value, string words)
    {
        await using var app = App.Build(new Dictionary<string, string?>(Good()) { [setting] = value });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(app.StartAsync);

        var problem = Assert.Single(error.Failures);
        Assert.Contains(setting, problem, StringComparison.Ordinal);
        Assert.Contains($"'{value.Replace('\u0007', '\uFFFD')}'", problem, StringComparison.Ordinal);
        Assert.All(words.Split(' '), word => Assert.Contains(word, problem, StringComparison.Ordinal));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_AllWrong_AreAllNamedInOneMessage()
    {
        Dictionary<string, string?> wrong = new()
        {
            [Setting.Endpoints + ":1"] = "ftp://b",
            [Setting.TimeToLive] = "00:00:00",
            [Setting.RetryDelay] = "00:00:03",
            [Setting.Name] = "a//b",
            [Setting.Hostname] = "@",
            [Setting.PrivateHostname] = "x/y",
            [Setting.Ports + ":http"] = "0",
            [Setting.Ports + ":https"] = "65536",
            [Setting.PrivatePorts + ":http"] = "abc",
            [Setting.RequestTimeout] = "3s",
            [Setting.Critical] = "maybe",
        };
        await using var app = App.Build(wrong.Append(new(Setting.Endpoints + ":0", "127.0.0.1:2379")));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(app.StartAsync);

        Assert.Equal(wrong.Count, error.Failures.Count());
        Assert.All(wrong.Keys, key => Assert.Contains(key, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Setting.Password, Setting.User)]
    [InlineData(Setting.EtcdPassword, Setting.EtcdUser)]
    [InlineData(Setting.EtcdUser, Setting.EtcdPassword)]
    [InlineData(Setting.CertificateKey, Setting.Certificate)]
    [InlineData(Setting.Certificate, Setting.CertificateKey)]
    [InlineData(Setting.CertificateAuthority, Setting.Endpoints)]
    public async Task Secret_WithoutItsCounterpart_IsRefusedWithoutShowingIt(string setting, string missing)
    {
        Dictionary<string, string?> settings = new(Good()) { [setting] = Secret };
        if (setting is Setting.CertificateKey or Setting.Certificate)
        {
            settings[Setting.Endpoints + ":0"] = "https://etcd-1:2379";
        }

        await using var app = App.Build(settings);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(app.StartAsync);

        Assert.Contains(missing, Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://user:hush-hush@b:2379")]
    [InlineData("user:hush-hush@b:2379")]
    public async Task Endpoint_WithPassword_IsRefusedWithoutShowingIt(string endpoint)
    {
        await using var app = App.Build(new Dictionary<string, string?>(Good()) { [Setting.Endpoints + ":0"] = endpoint });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(app.StartAsync);

        Assert.Contains(Setting.Endpoints + ":0", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.Contains("b:2379", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Setting.Hostname, "h.dev")]
    [InlineData(Setting.Ports + ":http", "80")]
    [InlineData(Setting.Public, "true")]
    [InlineData(Setting.User, "u")]
    public async Task Service_WithSettingsButWithoutName_IsRefused(string setting, string value)
    {
        await using var app = App.Build(new Dictionary<string, string?> { [Setting.Store] = StoreName.Memory, [setting] = value });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(app.StartAsync);

        Assert.Contains(Setting.Name, Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Setting_ChangedToAWrongValueAtRunTime_ChangesNothing()
    {
        await using var app = await App.RegisterAsync(Good());
        var before = Assert.Single(await app.Services.InstancesAsync("shop", Token));

        app.Change((Setting.Ports + ":https", "0"));
        await Eventually.TrueAsync(
            () => Task.FromResult(app.Logs.Lines.Any(line =>
                line.Level == LogLevel.Error && line.Message.Contains(Setting.Ports + ":https", StringComparison.Ordinal))),
            "the wrong value is logged");
        Assert.Equal("443", Assert.Single(await app.Services.InstancesAsync("shop", Token)).Ports!["https"]);
        app.Change((Setting.Ports + ":https", "444"));

        await Eventually.TrueAsync(
            async () => await app.Services.InstancesAsync("shop", Token) is [{ Ports: { } ports } now]
                && now.Id == before.Id && ports["https"] == "444",
            "the correct value is applied under the same id");
    }

    private static Dictionary<string, string?> Good() => new()
    {
        [Setting.Store] = StoreName.Memory,
        [Setting.Name] = "shop",
        [Setting.Hostname] = "h.dev",
        [Setting.Ports + ":https"] = "443",
    };
}
