using System.Globalization;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Invalid settings fail the start with one message that names all of them.</summary>
public sealed class ValidationTests
{
    private const string Secret = "hush-hush";
    private const string TimeFormatHint = "(write 5 seconds as 00:00:05; a number alone means days)";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A setting, an invalid value, and the expected part of the message.</summary>
    public static TheoryData<string, string, string> InvalidSettings => new()
    {
        { "Service:Ports:http", "0", "expected a number from 1 to 65535." },
        { "Service:Ports:http", "65536", "expected a number from 1 to 65535." },
        { "Service:Ports:http", "abc", "expected a number from 1 to 65535." },
        { "Service:Ports:http", "-1", "expected a number from 1 to 65535." },
        { "Service:Ports:http", "", "expected a number from 1 to 65535." },
        { "Service:Ports:http", "80 ", "expected a number from 1 to 65535." },
        { "Service:PrivatePorts:http", "99999999999999", "expected a number from 1 to 65535." },
        { "Service:Name", "", "which is empty" },
        { "Service:Name", " ", "which is empty" },
        { "Service:Name", ".", "which has a segment '.' or '..'" },
        { "Service:Name", "a/..", "which has a segment '.' or '..'" },
        { "Service:Name", "/a", "which has a '/' at its start or end, or two in a row" },
        { "Service:Name", "a/", "which has a '/' at its start or end, or two in a row" },
        { "Service:Name", "a//b", "which has a '/' at its start or end, or two in a row" },
        { "Service:Name", "a\u0007b", "which contains a control character" },
        { "Service:PrivateHostname", "a/b", "which contains '/'" },
        { "Service:Hostname", "user@h.dev", "which contains '@'" },
        { "Service:Hostname", "http://h.dev", "which contains ':' but is not an IPv6 address" },
        { "Service:Hostname", "h.dev:80", "which contains ':' but is not an IPv6 address" },
        { "Etcd:Endpoints:0", "ftp://b:2379", "expected an address such as http://etcd-1:2379" },
        { "Etcd:Endpoints:0", "http://b:2379/path", "expected an address such as http://etcd-1:2379" },
        { "Etcd:Endpoints:0", "http://b:99999", "expected an address such as http://etcd-1:2379" },
        { "Etcd:Endpoints:0", "", "expected an address such as http://etcd-1:2379" },
        { "Service:User", "a:b", "it must not contain ':'" },
        { "KeyPrefix", "fleet-a", "which does not start with '/'" },
        { "KeyPrefix", "/", "which is empty" },
        { "KeyPrefix", "/fleet-a/", "which has a '/' at its start or end, or two in a row" },
        { "KeyPrefix", "/fleet//a", "which has a '/' at its start or end, or two in a row" },
        { "KeyPrefix", "/fleet/../a", "which has a segment '.' or '..'" },
        { "TimeToLive", "00:00:00", "expected a time from 00:00:01 to 01:00:00" },
        { "TimeToLive", "-00:00:05", "expected a time from 00:00:01 to 01:00:00" },
        // Likely meant as seconds, but .NET parses a number as days.
        { "TimeToLive", "5", "expected a time from 00:00:01 to 01:00:00" },
        { "RetryDelay", "00:00:03", "expected at most MaxRetryDelay, '00:00:02'." },
        { "MaxRetryDelay", "00:06:00", "expected a time from 00:00:00.0100000 to 00:05:00" },
        { "RegistrationTimeout", "00:00:00", "expected a time from 00:00:00.1000000 to 12:00:00" },
        { "Etcd:ConnectTimeout", "00:00:00", "expected a time from 00:00:00.1000000 to 00:01:00" },
        { "Store", "7", "expected one of Etcd, EtcdV2, InMemory." },
        { "Balancing", "7", "expected one of Random, RoundRobin, PowerOfTwoChoices, First." },
        { "Service:CredentialPolicy", "9", "expected one of Share, Overwrite." },
        { "Service:InitialStatus", "Draining", "expected Serving or Maintenance." },
        { "Etcd:RequestTimeout", "01:00:00", "expected a time from 00:00:00.1000000 to 00:05:00" },
    };

    [Theory]
    [InlineData("EtcdV2", true)]
    [InlineData("Etcd", false)]
    public async Task EtcdUser_WithAColon_IsRefusedWhereItIsSentByBasicAuthentication(string store, bool isRefused)
    {
        await using var host = DiscoveryHost.Build(new() { ["Store"] = store, ["Etcd:User"] = "a:b", ["Etcd:Password"] = Secret });

        var error = await Record.ExceptionAsync(host.StartAsync);

        Assert.Equal(isRefused, error is OptionsValidationException);
        Assert.Contains(isRefused ? "EtcdDiscovery:Etcd:User is 'a:b': it must not contain ':'" : "", error?.Message ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(InvalidSettings))]
    public async Task Setting_Invalid_IsNamedWithItsValueAndWhatIsAllowed(string key, string value, string allowed)
    {
        await using var host = DiscoveryHost.Build(new(ValidSettings()) { [key] = value });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        var problem = Assert.Single(error.Failures);
        Assert.StartsWith($"EtcdDiscovery:{key} ", problem, StringComparison.Ordinal);
        Assert.Contains(allowed, problem, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0007', error.Message);
        var shown = allowed.Contains("a time", StringComparison.Ordinal)
            ? $"{TimeSpan.Parse(value, CultureInfo.InvariantCulture)}"
            : value.Replace('\u0007', '\uFFFD');
        Assert.Contains($"'{shown}'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_AllInvalid_AreNamedInOneMessage()
    {
        await using var host = DiscoveryHost.Build(new()
        {
            ["Etcd:Endpoints:0"] = "127.0.0.1:2379",
            ["Etcd:Endpoints:1"] = "ftp://b",
            ["TimeToLive"] = "00:00:00",
            ["RetryDelay"] = "00:00:03",
            ["Service:Name"] = "a//b",
            ["Service:Hostname"] = "@",
            ["Service:PrivateHostname"] = "x/y",
            ["Service:Ports:http"] = "0",
            ["Service:Ports:https"] = "65536",
            ["Service:PrivatePorts:http"] = "abc",
            ["Service:Password"] = Secret,
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal(
            [
                "EtcdDiscovery:Etcd:Endpoints:1", "EtcdDiscovery:RetryDelay", "EtcdDiscovery:Service:Hostname",
                "EtcdDiscovery:Service:Name", "EtcdDiscovery:Service:Ports:http", "EtcdDiscovery:Service:Ports:https",
                "EtcdDiscovery:Service:PrivateHostname", "EtcdDiscovery:Service:PrivatePorts:http",
                "EtcdDiscovery:Service:User", "EtcdDiscovery:TimeToLive",
            ],
            error.Failures.Select(failure => failure.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Password_WithoutUser_IsRejectedWithoutShowingIt()
    {
        await using var host = DiscoveryHost.Build(new(ValidSettings()) { ["Service:Password"] = Secret });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.StartsWith("EtcdDiscovery:Service:User is not set, but Password is", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Ports")]
    [InlineData("PrivatePorts")]
    [InlineData("Metadata")]
    public async Task Map_WithTooManyEntries_IsRejected(string map)
    {
        Dictionary<string, string?> settings = new(ValidSettings());
        for (var i = 0; settings.Keys.Count(key => key.StartsWith($"Service:{map}:", StringComparison.Ordinal)) <= 256; i++)
        {
            settings[$"Service:{map}:{i}"] = "80";
        }

        await using var host = DiscoveryHost.Build(settings);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal(
            $"EtcdDiscovery:Service:{map} has 257 entries: up to 256 are allowed, since readers skip an entry with more.", Assert.Single(error.Failures));
    }

    [Theory]
    [InlineData("Service:Metadata:note", "Service:Metadata", 4)]
    [InlineData("Service:Zone", "Service:Zone", 0)]
    [InlineData("Service:Password", "Service:Password", 0)]
    public async Task Registration_TooLong_IsRejectedWithTheLongestSetting(string key, string setting, int length)
    {
        var secret = string.Concat(Enumerable.Repeat(Secret, 7_000));
        Dictionary<string, string?> settings = new(ValidSettings()) { ["Service:User"] = "u", ["Service:Password"] = "p", [key] = secret };
        await using var host = DiscoveryHost.Build(settings);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        var problem = Assert.Single(error.Failures);
        Assert.StartsWith(
            $"EtcdDiscovery:{setting} has {secret.Length + length} bytes, which makes the registration ", problem, StringComparison.Ordinal);
        Assert.Contains("up to 61376 are allowed", problem, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Etcd:Password", "Etcd:User is not set, but Password is")]
    [InlineData("Etcd:User", "Etcd:Password is not set, but User is")]
    [InlineData("Etcd:Tls:Key", "Etcd:Tls:Certificate is not set, but Key is")]
    [InlineData("Etcd:Tls:Certificate", "Etcd:Tls:Key is not set, but Certificate is")]
    [InlineData("Etcd:Tls:CertificateAuthority", "Etcd:Endpoints:0 is 'http://127.0.0.1:2379', but Tls is set: write https://")]
    public async Task Security_Incomplete_IsRejected(string key, string expected)
    {
        Dictionary<string, string?> settings = new(ValidSettings()) { [$"{key}"] = Secret };
        if (key.StartsWith("Etcd:Tls:", StringComparison.Ordinal) && !key.EndsWith("Authority", StringComparison.Ordinal))
        {
            settings["Etcd:Endpoints:0"] = "https://etcd-1:2379";
        }

        await using var host = DiscoveryHost.Build(settings);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.StartsWith($"EtcdDiscovery:{expected}", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-----BEGIN CERTIFICATE-----\nhush-hush\n-----END CERTIFICATE-----")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nhush-hush\n-----END PRIVATE KEY-----")]
    [InlineData("LS0tLS1CRUdJThush-hush")]
    [InlineData("-----hush-hush")]
    [InlineData("hush-hush\nhush-hush")]
    // DER in base64, i.e. a PEM key without its first and last line; base64url; base64 of base64; truncated base64 of PEM; hexadecimal.
    [InlineData("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOLX3/VtUeSZhuECj4cMgdFYILzkW5OkULB4EtR/SJ2uhRANCAATq+q7FiWYrTm9+pTIpSfDBp5G2TtZyZgcrqq1t70TsHmCDAKNwNLd3ETpD2s5uvKHdC2pv2+joywih8Gm/GtuN", "OLX3/VtU")]
    [InlineData("MC4CAQAwBQYDK2VwBCIEIDi19_1bVHkmYbhAo-HDIHRWCC85FuTpFCweBLUf0idr", "BCIEIDi1")]
    [InlineData("TFMwdExTMUNSVWRKVGlCUVVrbFdRVlJGSUV0RldTMHRMUzB0Q2sxSlIwaEJaMFZCVFVKTlIwSjVjVWRUVFRRNVFXZEZSME5EY1VkVFRUUTVRWGRGU0VK", "Q2sxSlIw")]
    [InlineData("Ci0tLS0tQkVHSU4gUFJJVkFURSBLRVktLS0tLQpNSUdIQWdFQU1CTUdCeXFHU000OUFnRUdDQ3FHU000OUF3RUhCRzB3YXdJQkFRUWdPTFg", "GU000OUF3")]
    [InlineData("308187020100301306072A8648CE3D020106082A8648CE3D030107046D306B020101042038B5F7FD5B54792661B840A3E1C32074", "38B5F7FD")]
    public async Task Certificate_Unreadable_IsRejectedWithoutShowingIt(string value, string secret = Secret)
    {
        await using var host = DiscoveryHost.Build(new(ValidSettings())
        {
            ["Etcd:Endpoints:0"] = "https://etcd-1:2379",
            ["Etcd:Tls:CertificateAuthority"] = value,
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.StartsWith("EtcdDiscovery:Etcd:Tls:CertificateAuthority", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ETCD_HOST", "http://a:2379", "https://a:2379")]
    [InlineData("ETCD_HOSTS", "a:2379, https://b:2379", "https://a:2379,https://b:2379")]
    [InlineData("UNRELATED", "", "https://127.0.0.1:2379")]
    public void GoEnvironment_WithCertificates_UsesTls(string variable, string hosts, string expected)
    {
        var options = Configured(new() { [variable] = hosts, ["ETCD_CACERT"] = "ca", ["ETCD_TLS_CERT"] = "cert", ["ETCD_TLS_KEY"] = "key" });

        Assert.Equal(expected.Split(','), options.Etcd.Endpoints);
        Assert.Equal(("ca", "cert", "key"), (options.Etcd.Tls.CertificateAuthority, options.Etcd.Tls.Certificate, options.Etcd.Tls.Key));
    }

    [Fact]
    public void GoEnvironment_WithIncompleteCertificates_UsesPlainHttpAsGoDoes()
    {
        var options = Configured(new() { ["ETCD_HOST"] = "http://a:2379", ["ETCD_CACERT"] = "ca" });

        Assert.Equal(["http://a:2379"], options.Etcd.Endpoints);
        Assert.Null(options.Etcd.Tls.CertificateAuthority);
    }

    [Theory]
    [InlineData("http://b:2379")]
    [InlineData("https://b:2379")]
    public void GoEnvironment_EndpointsConfigured_IsOverridden(string endpoint)
    {
        var options = Configured(
            new() { ["ETCD_HOST"] = "http://a", ["ETCD_CACERT"] = "ca", ["ETCD_TLS_CERT"] = "cert", ["ETCD_TLS_KEY"] = "key" },
            new() { Etcd = { Endpoints = [endpoint] } });

        Assert.Equal([endpoint], options.Etcd.Endpoints);
        Assert.Equal(endpoint.StartsWith("https", StringComparison.Ordinal) ? "ca" : null, options.Etcd.Tls.CertificateAuthority);
    }

    [Theory]
    [InlineData("http://user:hush-hush@b:2379")]
    [InlineData("user:hush-hush@b:2379")]
    public async Task Endpoint_WithPassword_IsRejectedWithoutShowingIt(string endpoint)
    {
        await using var host = DiscoveryHost.Build(new(ValidSettings()) { ["Etcd:Endpoints:0"] = endpoint });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.StartsWith("EtcdDiscovery:Etcd:Endpoints:0 ", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.Contains("b:2379", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Hostname", "h.dev")]
    [InlineData("PrivateHostname", "h.dev")]
    [InlineData("Ports:http", "80")]
    [InlineData("PrivatePorts:http", "80")]
    [InlineData("Public", "true")]
    [InlineData("Shard", "s0")]
    [InlineData("User", "u")]
    public async Task Service_WithSettingsButWithoutName_IsRejected(string key, string value)
    {
        await using var host = DiscoveryHost.Build(new() { ["Store"] = "InMemory", [$"Service:{key}"] = value });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.StartsWith(
            "EtcdDiscovery:Service:Name is not set, but other settings of the service are", Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    /// <summary>A setting, a value that cannot be converted to its type, and the expected message about allowed values.</summary>
    public static TheoryData<string, string, string> MalformedSettings => new()
    {
        { "TimeToLive", "5s", $"expected a time from 00:00:01 to 01:00:00 {TimeFormatHint}." },
        { "TimeToLive", "00:00:60", $"expected a time from 00:00:01 to 01:00:00 {TimeFormatHint}." },
        { "DrainDelay", "none", $"expected a time from 00:00:00 to 00:10:00 {TimeFormatHint}." },
        { "RetryDelay", "200ms", $"expected a time from 00:00:00.0100000 to 00:05:00 {TimeFormatHint}." },
        { "OutageGrace", "ten", $"expected a time from 00:00:00 to 01:00:00 {TimeFormatHint}." },
        { "CacheIdleTimeout", "never", $"expected a time from 00:00:01 to 1.00:00:00 {TimeFormatHint}." },
        { "Etcd:RequestTimeout", "3s", $"expected a time from 00:00:00.1000000 to 00:05:00 {TimeFormatHint}." },
        { "Readiness:Period", "2s", $"expected a time from 00:00:00.1000000 to 00:05:00 {TimeFormatHint}." },
        { "Store", "Consul", "expected one of Etcd, EtcdV2, InMemory." },
        { "Balancing", "Least", "expected one of Random, RoundRobin, PowerOfTwoChoices, First." },
        { "Service:CredentialPolicy", "Mine", "expected one of Share, Overwrite." },
        { "Service:InitialStatus", "Down", "expected Serving or Maintenance." },
        { "RequireRegistration", "1", "expected true or false." },
        { "DisableTracing", "0", "expected true or false." },
        { "Service:Enabled", "on", "expected true or false." },
        { "Service:Public", "yes", "expected true or false." },
        { "Service:Weight", "heavy", "expected a number above 0 and up to 1000000." },
        { "Service:Weight", "1,5", "expected a number above 0 and up to 1000000." },
        { "Readiness:FailuresToLeave", "2.5", "expected a whole number above 0." },
        { "Services:admin:Weight", "heavy", "expected a number above 0 and up to 1000000." },
        { "Services:admin:Critical", "maybe", "expected true or false." },
    };

    [Theory]
    [MemberData(nameof(MalformedSettings))]
    public async Task Setting_Malformed_IsNamedWithItsValueAndWhatIsAllowed(string key, string value, string allowed)
    {
        await using var host = BuildWithEverySection(new(ValidSettings()) { [key] = value });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal($"EtcdDiscovery:{key} is '{value}': {allowed}", Assert.Single(error.Failures));
    }

    // The binder of .NET throws at the first malformed value, so every bound property must be checked before.
    [Fact]
    public async Task Settings_AllMalformed_AreNamedInOneMessage()
    {
        (Type Options, string Section)[] sections =
        [
            (typeof(EtcdDiscoveryOptions), ""),
            (typeof(EtcdDiscoverySettings), ""),
            (typeof(EtcdOptions), "Etcd:"),
            (typeof(EtcdTlsOptions), "Etcd:Tls:"),
            (typeof(ServiceRegistrationOptions), "Service:"),
            (typeof(ServiceRegistrationOptions), "Services:admin:"),
            (typeof(ServerAddressOptions), "ServerAddresses:"),
            (typeof(ReadinessOptions), "Readiness:"),
        ];
        var keys = sections
            .SelectMany(section => section.Options.GetProperties()
                .Where(property => property is { PropertyType.IsValueType: true })
                .Select(property => section.Section + property.Name))
            .ToList();
        var settings = ValidSettings();
        keys.ForEach(key => settings[key] = "?");
        await using var host = BuildWithEverySection(settings);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal(
            keys.Select(key => $"EtcdDiscovery:{key} is '?'").Order(StringComparer.Ordinal),
            error.Failures.Select(SettingAndValue).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Settings_OutOfRangeAndMalformedInEverySection_AreNamedInOneMessage()
    {
        await using var host = BuildWithEverySection(new(ValidSettings())
        {
            ["TimeToLive"] = "5s",
            ["DrainDelay"] = "01:00:00",
            ["RetryDelay"] = "00:00:03",
            ["MaxRetryDelay"] = "2s",
            ["Etcd:Endpoints:0"] = "ftp://b",
            ["Service:Hostname"] = "@",
            ["Service:Public"] = "yes",
            ["Service:Password"] = Secret,
            ["Services:admin:Name"] = "a//b",
            ["Services:admin:Weight"] = "heavy",
            ["ServerAddresses:PreferredNetwork"] = "10.0.0.0/40",
            ["Readiness:Period"] = "00:00:00",
            ["Readiness:SuccessesToReturn"] = "two",
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal(
            [
                "EtcdDiscovery:DrainDelay", "EtcdDiscovery:Etcd:Endpoints:0", "EtcdDiscovery:MaxRetryDelay", "EtcdDiscovery:Readiness:Period",
                "EtcdDiscovery:Readiness:SuccessesToReturn", "EtcdDiscovery:ServerAddresses:PreferredNetwork", "EtcdDiscovery:Service:Hostname",
                "EtcdDiscovery:Service:Public", "EtcdDiscovery:Service:User", "EtcdDiscovery:Services:admin:Name",
                "EtcdDiscovery:Services:admin:Weight", "EtcdDiscovery:TimeToLive",
            ],
            error.Failures.Select(failure => failure.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.All(error.Failures, failure => Assert.Contains(failure, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    // An application may request the resolver before the host validates the options.
    [Fact]
    public async Task Settings_MalformedInTwoSections_FailTheResolverWithOneMessage()
    {
        await using var host = BuildWithEverySection(new(ValidSettings()) { ["Balancing"] = "Least", ["Services:admin:Weight"] = "heavy" });

        var error = Assert.Throws<OptionsValidationException>(() => host.Resolver);

        Assert.Equal(
            ["EtcdDiscovery:Balancing is 'Least'", "EtcdDiscovery:Services:admin:Weight is 'heavy'"], error.Failures.Select(SettingAndValue));
    }

    [Fact]
    public async Task Setting_ReadByAnotherSectionsDelegate_IsNamedOnce()
    {
        await using var host = DiscoveryHost.Build(new(ValidSettings()) { ["TimeToLive"] = "5s", ["Services:admin:Name"] = "admin" }, builder =>
        {
            builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin");
            builder.Services.AddOptions<ServiceRegistrationOptions>("EtcdDiscovery:Services:admin")
                .Configure<IOptionsMonitor<EtcdDiscoveryOptions>>((admin, main) => admin.Zone = main.CurrentValue.PreferredZone);
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal("EtcdDiscovery:TimeToLive is '5s'", SettingAndValue(Assert.Single(error.Failures)));
    }

    [Fact]
    public async Task Settings_FromEnvironmentVariables_AreNamedByTheirConfigurationKeys()
    {
        const string prefix = nameof(ValidationTests) + "_";
        Environment.SetEnvironmentVariable($"{prefix}EtcdDiscovery__TimeToLive", "5s");
        Environment.SetEnvironmentVariable($"{prefix}ETCDDISCOVERY__SERVICE__PUBLIC", "yes");
        await using var host = DiscoveryHost.Build(ValidSettings(), builder => builder.Configuration.AddEnvironmentVariables(prefix));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Equal(
            ["EtcdDiscovery:TimeToLive is '5s'", "EtcdDiscovery:Service:Public is 'yes'"],
            error.Failures.Select(SettingAndValue));
    }

    [Fact]
    public async Task Setting_Malformed_IsSanitizedAndSecretsAreNotShown()
    {
        await using var host = DiscoveryHost.Build(new(ValidSettings())
        {
            ["Service:Weight"] = "a\u0007b" + new string('x', 1_000),
            ["Service:User"] = "u",
            ["Service:Password"] = Secret,
            ["Etcd:User"] = "u",
            ["Etcd:Password"] = Secret,
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.StartsWith(
            $"EtcdDiscovery:Service:Weight is 'a\uFFFDb{new string('x', 197)}…': ", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TimeToLive", "")]
    [InlineData("Service:Weight", "")]
    [InlineData("Service:Public", " TRUE ")]
    [InlineData("Service:Weight", "1e3")]
    [InlineData("Balancing", "roundrobin")]
    [InlineData("DrainDelay", "0")]
    public async Task Setting_ConvertedByTheBinder_IsAccepted(string key, string value)
    {
        await using var host = await DiscoveryHost.StartAsync(new(ValidSettings()) { [key] = value });

        await host.RegisteredAsync();
    }

    [Theory]
    [InlineData("TimeToLive", "5s")]
    [InlineData("Etcd:ConnectTimeout", "1s")]
    [InlineData("Service:Weight", "heavy")]
    [InlineData("Services:admin:Public", "yes")]
    public async Task Reload_WithAMalformedValue_IsRejectedWithTheMessageOfTheStart(string key, string value)
    {
        Dictionary<string, string?> settings = new(ValidSettings()) { ["Services:admin:Name"] = "admin" };
        await using var refused = BuildWithEverySection(new(settings) { [key] = value });
        var expected = (await Assert.ThrowsAsync<OptionsValidationException>(refused.StartAsync)).Message;
        await using var host = await DiscoveryHost.StartAsync(
            settings, builder => builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin"));
        await Task.WhenAll(host.Registry.Registrations.Select(registration => registration.WaitUntilRegisteredAsync(Token)));

        host.Change((key, value), ("Service:Zone", "lost"));
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("ChangeRefused").Any()), "the refusal is logged");

        Assert.EndsWith($": {expected}", host.Logs.Of("ChangeRefused").First().Message, StringComparison.Ordinal);
        Assert.Null((await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Zone);
        Assert.All(host.Registry.Registrations, registration => Assert.Equal(RegistrationState.Registered, registration.State));

        host.Change((key, ""), ("Service:Zone", "found"));
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Zone == "found", "the next change is applied");
    }

    [Theory]
    [InlineData("Service:Ports:http", "0")]
    [InlineData("TimeToLive", "abc")]
    public async Task Configuration_FileReloadedWithInvalidValues_ApplicationKeepsRunning(string key, string value)
    {
        var directory = Directory.CreateTempSubdirectory("etcd-discovery-settings-");
        try
        {
            var file = Path.Combine(directory.FullName, "appsettings.json");
            await File.WriteAllTextAsync(file, Json("x", "1"), Token);
            await using var host = await DiscoveryHost.StartAsync(
                ValidSettings(), builder => builder.Configuration.AddJsonFile(file, optional: false, reloadOnChange: true));
            var registration = await host.RegisteredAsync();
            var configuration = host.Services.GetRequiredService<IConfiguration>();

            await File.WriteAllTextAsync(file, Json(key, value), Token);
            await Eventually.TrueAsync(
                () => Task.FromResult(configuration[$"EtcdDiscovery:{key}"] == value), "the file is reloaded");

            await AssertStillServesAsync(host, registration);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    // Providers reload on timers and background threads, where an exception terminates the process.
    [Theory]
    [InlineData("Service:Ports:http", "0")]
    [InlineData("TimeToLive", "abc")]
    public async Task Configuration_ProviderReloadsInvalidValues_DoesNotThrow(string key, string value)
    {
        var provider = new ChangingConfiguration();
        await using var host = await DiscoveryHost.StartAsync(
            ValidSettings(), builder => ((IConfigurationBuilder)builder.Configuration).Add(provider));
        var registration = await host.RegisteredAsync();

        provider.Change($"EtcdDiscovery:{key}", value);

        Assert.Equal(value, host.Services.GetRequiredService<IConfiguration>()[$"EtcdDiscovery:{key}"]);
        await AssertStillServesAsync(host, registration);
    }

    [Fact]
    public async Task Registry_InvalidOptions_NamesThemAll()
    {
        await using var host = await DiscoveryHost.StartAsync(new() { ["Store"] = "InMemory" });

        var error = Assert.Throws<OptionsValidationException>(() => host.Registry.Register(
            new ServiceRegistrationOptions
            {
                Name = "a/",
                Hostname = "h/",
                Ports = new Dictionary<string, string>(StringComparer.Ordinal) { ["http"] = "0" },
                Password = Secret,
            }));

        Assert.Equal(4, error.Failures.Count());
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(host.Registry.Registrations);
    }

    private static async Task AssertStillServesAsync(DiscoveryHost host, IServiceRegistration registration)
    {
        Assert.Equal(RegistrationState.Registered, registration.State);
        Assert.Equal(registration.InstanceId, (await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Id);
        await host.StopAsync();
    }

    private static EtcdDiscoveryOptions Configured(Dictionary<string, string> environment, EtcdDiscoveryOptions? options = null)
    {
        options ??= new();
        DiscoveryHost.Environment(environment).PostConfigure(null, options);
        return options;
    }

    private static string Json(string key, string value) =>
        "{\"EtcdDiscovery:" + key + "\":\"" + value + "\"}";

    private static string SettingAndValue(string problem) => problem[..(problem.IndexOf("': ", StringComparison.Ordinal) + 1)];

    private static DiscoveryHost BuildWithEverySection(Dictionary<string, string?> settings) => DiscoveryHost.Build(
        new(settings) { ["Services:admin:Name"] = settings.GetValueOrDefault("Services:admin:Name", "admin") },
        builder => builder.Services.AddEtcdDiscovery()
            .AddService("EtcdDiscovery:Services:admin")
            .UseServerAddresses()
            .RegisterWhenHealthy());

    private static Dictionary<string, string?> ValidSettings() => new()
    {
        ["Store"] = "InMemory",
        ["Service:Name"] = "shop",
        ["Service:Hostname"] = "h.dev",
        ["Service:Ports:https"] = "443",
    };

    private sealed class ChangingConfiguration : ConfigurationProvider, IConfigurationSource
    {
        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

        public void Change(string key, string value)
        {
            Set(key, value);
            OnReload();
        }
    }
}
