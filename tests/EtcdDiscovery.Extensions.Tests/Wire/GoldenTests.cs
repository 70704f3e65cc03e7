using System.Text;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Wire;

/// <summary>Compares all recordings of the Go library: the same keys and bytes, or an error if Go corrupts the store.</summary>
public sealed class GoldenTests
{
    private static readonly string[] CorruptingCases =
    [
        "39-service-name-double-slash", "40-service-name-dots", "41-service-name-trailing-slash",
        "42-service-name-leading-slash", "45-service-name-dot", "46-empty-service-name",
    ];

    public static TheoryData<string> Accepted => [.. GoldenCase.Names.Except(CorruptingCases)];

    public static TheoryData<string> Rejected => [.. CorruptingCases];

    [Fact]
    public void Recordings_OfTheGoLibrary_AreComplete() => Assert.Equal(34, GoldenCase.Names.Count());

    [Theory]
    [MemberData(nameof(Accepted))]
    public void Registration_OfARecordedHost_WritesTheSameKeysAndBytes(string name)
    {
        var golden = GoldenCase.Load(name);

        var written = EncodedInstance.From(golden.Options, golden.NodeHostname, Guid.NewGuid());

        var id = written.Instance.Id;
        Assert.Equal(golden.InstanceKey(id), ServiceKeys.Instance(golden.Service, id));
        Assert.Equal(golden.InstanceValue(id), Encoding.UTF8.GetString(ServiceJson.Encode(written.Instance)));
        Assert.Equal(golden.InfoKey, ServiceKeys.Description(golden.Service));
        Assert.Equal(golden.InfoValue, Encoding.UTF8.GetString(ServiceJson.Encode(written.Description)));
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void Registration_OfARecordedHost_RoundTrips(string name)
    {
        var golden = GoldenCase.Load(name);
        var written = EncodedInstance.From(golden.Options, golden.NodeHostname, Guid.NewGuid());

        Assert.True(ServiceJson.TryDecode(golden.Service, written.Instance.Id, ServiceJson.Encode(written.Instance), out var instance, out _));
        Assert.True(ServiceJson.TryDecode(golden.Service, ServiceJson.Encode(written.Description), out ServiceInfo? info, out _));

        Assert.Equal(ServiceJson.Encode(written.Instance), ServiceJson.Encode(instance));
        Assert.Equal(ServiceJson.Encode(written.Description), ServiceJson.Encode(info));
    }

    [Theory]
    [MemberData(nameof(Rejected))]
    public void Registration_CorruptsTheStoreInGo_IsRejected(string name)
    {
        var options = GoldenCase.Load(name).Options;

        var problem = Assert.Single(RegistrationOptionsRules.Check(options, "EtcdDiscovery:Service", nameRequired: true));

        Assert.StartsWith($"EtcdDiscovery:Service:Name is '{options.Name}', which ", problem, StringComparison.Ordinal);
    }
}
