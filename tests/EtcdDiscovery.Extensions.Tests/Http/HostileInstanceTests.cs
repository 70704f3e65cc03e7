using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Http;

/// <summary>Instances written by an attacker: requests go to the other instances, and messages about the hostile ones stay on one line.</summary>
public sealed class HostileInstanceTests
{
    private static readonly Uri Items = new("http://catalog/items");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Hostile =>
    [
        """{"name":"127.0.0.1","ports":{"http":"80\u0000"}}""",
        """{"name":"127.0.0.1","ports":{"http":"80@evil.example"}}""",
        """{"name":"127.0.0.1","ports":{"http":"99999999"}}""",
        """{"name":"127.0.0.1","ports":{"http":"-1"}}""",
        """{"name":"user@evil.example","ports":{"http":"80"}}""",
        """{"name":"evil.example/x","ports":{"http":"80"}}""",
        """{"name":"evil.example#","ports":{"http":"80"}}""",
        """{"name":"fe80::1%eth0","ports":{"http":"80"}}""",
        """{"name":"h\r\nX-Forged: 1","ports":{"http":"80"}}""",
        """{"name":"127。0。0。1","ports":{"http":"80"}}""",
        InstanceJson(string.Join('.', Enumerable.Repeat("abc", 80))),
        InstanceJson(string.Join('.', Enumerable.Repeat("üüüüüüüüüü", 20))),
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Request_OneInstanceIsHostile_GoesToTheOther(string hostile)
    {
        await using var web = await WebInstance.StartAsync(_ => Task.CompletedTask);
        await using var fleet = await HttpFleet.StartAsync();
        await PutAsync(fleet, hostile);
        await fleet.RegisterAsync("catalog", web.Port);

        for (var i = 0; i < 20; i++)
        {
            using var response = await fleet.Http.GetAsync(Items, Token);
            Assert.True(response.IsSuccessStatusCode);
        }

        Assert.All(fleet.Logs.Lines.Where(line => line.Category.StartsWith("EtcdDiscovery", StringComparison.Ordinal)), line => Assert.False(line.Message.AsSpan().ContainsAnyInRange('\0', '\u001F')));
    }

    [Fact]
    public async Task Request_NoInstanceHasTheScheme_FailsWithOneLineOfBoundedLength()
    {
        await using var fleet = await HttpFleet.StartAsync();
        var ports = string.Join(',', Enumerable.Range(0, 200).Select(i => $"\"\\nwarn: forged {i}\":\"80\""));
        await PutAsync(fleet, $$"""{"name":"h.dev","ports":{ {{ports}} } }""");

        var error = await Assert.ThrowsAsync<UnknownSchemeException>(() => fleet.Http.GetAsync(Items, Token));

        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(error.Message.Length, 1, 600);
    }

    private static string InstanceJson(string host) => $$"""{"name":"{{host}}","ports":{"http":"80"} }""";

    private static async Task PutAsync(HttpFleet fleet, string json)
    {
        var session = await fleet.Services.GetRequiredService<IDiscoveryStore>().OpenSessionAsync(TimeSpan.FromDays(1), Token);
        Assert.NotNull(await session.TryPutAsync([new StorePut("/services/catalog/hostile", Encoding.UTF8.GetBytes(json))], Token));
    }
}
