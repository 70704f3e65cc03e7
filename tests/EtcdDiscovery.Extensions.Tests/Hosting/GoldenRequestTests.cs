using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Wire;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Compares the requests of a host on the v2 keys API with those recorded from Go.</summary>
public sealed class GoldenRequestTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, EtcdVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, EtcdVersion>();
            foreach (var name in GoldenCase.Names.Where(name => GoldenCase.Load(name).HasRequests))
            {
                cases.Add(name, EtcdVersion.First);
                cases.Add(name, EtcdVersion.Second);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Host_RegistersAndStops_WritesTheSameRequestsAsGo(string name, EtcdVersion version)
    {
        var golden = GoldenCase.Load(name);
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var proxy = await RecordingProxy.StartAsync(api.Server);
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = "EtcdV2", ["Etcd:Endpoints:0"] = proxy.Endpoint },
            environment: new() { ["HOSTNAME"] = golden.NodeHostname });
        var registration = host.Registry.Register(golden.Options);
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        var id = registration.InstanceId;
        Assert.Equal(golden.InfoValue, (await api.FindAsync(golden.InfoKey))!["value"]!.GetValue<string>());
        Assert.Equal(golden.InstanceValue(id), (await api.FindAsync(golden.InstanceKey(id)))!["value"]!.GetValue<string>());

        await host.StopAsync();

        // Go overwrites the description; .NET creates it with prevExist=false. Renewals in between are ignored.
        var recorded = golden.Requests;
        var goId = recorded[1].Target[(recorded[1].Target.LastIndexOf('/') + 1)..];
        RecordedRequest[] expected = [recorded[0], recorded[1], recorded[^1]];
        Assert.Equal(
            expected.Select(request => (request.Method, request.Target.Replace(goId[..36], id[..36], StringComparison.Ordinal), request.Body.Replace(goId[..36], id[..36], StringComparison.Ordinal))),
            proxy.Requests
                .Where(request => request.Method != "GET" && !request.Body.Contains("refresh=true", StringComparison.Ordinal))
                .Select(request => (request.Method, request.Target.Replace("?prevExist=false", "", StringComparison.Ordinal), request.Body)));
        Assert.All(proxy.Requests.Where(request => request.Method == "PUT"), put => Assert.Equal(recorded[0].ContentType, put.ContentType));
        Assert.Null(await api.FindAsync(golden.InstanceKey(id)));
        await api.DeleteAsync(golden.InfoKey);
    }
}
