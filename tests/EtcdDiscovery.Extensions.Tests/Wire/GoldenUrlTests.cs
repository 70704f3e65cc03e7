using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Wire;

/// <summary>Compares all URLs that the Go library returned. If Go escapes too little, the escaped URL is expected.</summary>
public sealed class GoldenUrlTests
{
    public static TheoryData<string> Cases => GoldenTests.Accepted;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Instance_OfARecordedHost_BuildsTheSameUrls(string name)
    {
        var golden = GoldenCase.Load(name);
        var instance = EncodedInstance.From(golden.Options, golden.NodeHostname, Guid.NewGuid()).Instance;

        foreach (var scheme in golden.Schemes)
        {
            AssertUrl(golden.Url(scheme, "Host.URL"), instance, () => instance.GetUri(scheme, golden.UrlPath, includeCredentials: true));
            AssertUrl(golden.Url(scheme, "Host.PrivateURL"), instance, () => instance.GetPrivateUri(scheme, golden.UrlPath, includeCredentials: true));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Resolver_OfARecordedHost_ReturnsTheSameUrls(string name)
    {
        var golden = GoldenCase.Load(name);
        var written = EncodedInstance.From(golden.Options, golden.NodeHostname, Guid.NewGuid());
        await using var catalog = new TestCatalog();
        await catalog.PutAsync(
            new StorePut(golden.InfoKey, ServiceJson.Encode(written.Description)) { IsDurable = true },
            new StorePut(golden.InstanceKey(written.Instance.Id), ServiceJson.Encode(written.Instance)));

        foreach (var scheme in golden.Schemes)
        {
            await AssertUrlAsync("Get.URL", default);
            await AssertUrlAsync("GetForShard(shard-0).URL", new ServiceQuery { Shard = "shard-0" });
            await AssertUrlAsync("GetForShard(other).URL", new ServiceQuery { Shard = "other" });
            await AssertUrlAsync("Get.One.URL", default, viaInstance: true);

            async Task AssertUrlAsync(string call, ServiceQuery query, bool viaInstance = false)
            {
                var expected = golden.Url(scheme, call);
                Exception? error = null;
                Uri? actual = null;
                try
                {
                    actual = viaInstance
                        ? (await catalog.Resolver.GetInstanceAsync(golden.Service, query, TestContext.Current.CancellationToken))
                            .GetUri(scheme, golden.UrlPath, includeCredentials: true)
                        : await catalog.Resolver.GetUriAsync(
                            golden.Service, scheme, golden.UrlPath, query, includeCredentials: true, TestContext.Current.CancellationToken);
                }
                catch (EtcdDiscoveryException failure)
                {
                    error = failure;
                }

                AssertUrl(expected, written.Instance, () => actual ?? throw error!);
            }
        }
    }

    private static void AssertUrl(string? recorded, ServiceInstance instance, Func<Uri> build)
    {
        // For a port without a name, Go builds a URL without a scheme.
        if (recorded is null || recorded.StartsWith("://", StringComparison.Ordinal))
        {
            Assert.ThrowsAny<EtcdDiscoveryException>(build);
            return;
        }

        Assert.Equal(Escaped(recorded, instance), build().OriginalString);
    }

    private static string Escaped(string recorded, ServiceInstance instance) => recorded
        .Replace("p@ss:w/ord?&<>\"é", "p%40ss%3Aw%2Ford%3F&%3C%3E%22%C3%A9", StringComparison.Ordinal)
        .Replace("\uFFFD", "%EF%BF%BD", StringComparison.Ordinal)
        .Replace("@2001:db8::1:", "@[2001:db8::1]:", StringComparison.Ordinal)
        .Replace("@fd00::1:", "@[fd00::1]:", StringComparison.Ordinal)
        // Go builds a URL without a host. The two host names of a private instance are equivalent in this library.
        .Replace("http://u:p@:1/", $"http://u:p@{instance.PrivateHostname}:1/", StringComparison.Ordinal);
}
