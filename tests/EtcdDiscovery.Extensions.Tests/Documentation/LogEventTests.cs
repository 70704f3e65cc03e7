using System.Reflection;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The log events of both packages have unique ids and names per category and are documented.</summary>
public sealed class LogEventTests
{
    private static readonly IReadOnlyList<LogEvent> Events =
    [
        .. new[] { typeof(IServiceResolver), typeof(ServerAddressOptions) }
            .SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .SelectMany(method => method.GetCustomAttributes<LoggerMessageAttribute>(), LogEvent.From)
            .Distinct(),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Events_InTheGuide_MatchTheLibrary()
    {
        var listed = Markdown.Table(Repository.Read("docs/log-events.md"), "## Events").Select(row => string.Join(' ', row[..4]));

        Assert.Equal(Events.Select(known => known.ToString()).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    // Two classes may log the same event, if it is identical.
    [Fact]
    public void Events_SameIdOrNameInACategory_AreIdentical()
    {
        Assert.All(Events.GroupBy(known => (known.Category, known.Id)), group => Assert.Single(group));
        Assert.All(Events.GroupBy(known => (known.Category, known.Name)), group => Assert.Single(group));
    }

    [Fact]
    public async Task Applications_InEveryArea_LogInTheDocumentedCategories()
    {
        LogLine[] lines = [.. await RunInMemoryAsync(), .. await SwitchEndpointAsync("Etcd"), .. await SwitchEndpointAsync("EtcdV2")];

        var logged = lines
            .Where(line => line.Category.StartsWith("EtcdDiscovery", StringComparison.Ordinal))
            .Select(line => (line.Category, line.EventName, line.Level))
            .ToHashSet();
        Assert.Subset(Events.Select(known => (known.Category, known.Name, known.Level)).ToHashSet(), logged);
        Assert.Equal(
            Events.Select(known => known.Category).Distinct().Order(StringComparer.Ordinal),
            logged.Select(line => line.Category).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>Logs in every area except etcd.</summary>
    private static async Task<IEnumerable<LogLine>> RunInMemoryAsync()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = "InMemory", ["Service:Name"] = "shop", ["Unknown"] = "1" },
            builder =>
            {
                builder.Services.AddEtcdDiscovery().RegisterWhenHealthy();
                builder.Services.AddHttpClient("client").AddEtcdDiscovery();
            });
        await host.RegisteredAsync();
        var session = await host.Services.GetRequiredService<IDiscoveryStore>().OpenSessionAsync(TimeSpan.FromDays(1), Token);
        await session.TryPutAsync([new StorePut("/services/catalog/unreadable", "{"u8.ToArray())], Token);
        for (var i = 0; i < 2; i++)
        {
            var options = new ServiceRegistrationOptions
            {
                Name = "catalog",
                Hostname = "127.0.0.1",
                Ports = HttpFleet.MapOf($"http={HttpFleet.RefusedPort()}"),
            };
            await host.Registry.Register(options).WaitUntilRegisteredAsync(Token);
        }

        // Both instances refuse the connection.
        var http = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("client");
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("http://catalog/items"), Token));
        await host.StopAsync();
        return host.Logs.Lines;
    }

    private static async Task<IEnumerable<LogLine>> SwitchEndpointAsync(string store)
    {
        await using var host = await DiscoveryHost.StartAsync(new()
        {
            ["Store"] = store,
            ["Etcd:Endpoints"] = $"http://127.0.0.1:{HttpFleet.RefusedPort()},http://127.0.0.1:{HttpFleet.RefusedPort()}",
        });
        Assert.Null(await host.CountAsync("catalog"));
        Assert.NotEmpty(host.Logs.Of("EndpointLeft"));
        return host.Logs.Lines;
    }

    private sealed record LogEvent(string Category, int Id, string? Name, LogLevel Level, string Message)
    {
        /// <summary>Creates an event with the category of the area to which its class belongs.</summary>
        public static LogEvent From(MethodInfo method, LoggerMessageAttribute message)
        {
            var area = method.DeclaringType!.Namespace!.Split('.')[1];
            return new(
                $"EtcdDiscovery.{(area is "EtcdV2" or "Transport" ? "Etcd" : area)}",
                message.EventId,
                message.EventName,
                message.Level,
                message.Message);
        }

        public override string ToString() => $"{Category} {Id} {Name} {Level}";
    }
}
