using System.Globalization;
using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Untrusted text, such as service names and store errors, in logs, exceptions and health reports.</summary>
public sealed class HostileTextTests
{
    private static readonly string Name = "shop\u202E\u2066\u200Fpohs" + new string('x', 5_000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Text_WithLineBreaksAndDirectionMarks_IsSanitizedAndTruncated()
    {
        var refusing = new RefusingStore(new InMemoryDiscoveryStore())
        {
            Refusal = _ => new EtcdDiscoveryException("no\r\nfake: line\u2028\u202E" + new string('y', 100_000), isTransient: true),
        };
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "app" }, builder => builder.Services.AddEtcdDiscovery().UseStore(_ => refusing));
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("WriteFailed").Any()), "the write failed");
        List<string> texts = [(await host.CheckAsync()).Description!];

        refusing.Refusal = _ => null;
        await host.RegisteredAsync();
        var registration = host.Registry.Register(new ServiceRegistrationOptions { Name = Name, Hostname = "h", Ports = new Dictionary<string, string> { ["http"] = "80" } });
        await registration.WaitUntilRegisteredAsync(Token);
        var snapshot = await host.Resolver.GetSnapshotAsync(Name, cancellationToken: Token);
        texts.Add(await MessageOfAsync(() => host.Resolver.GetUriAsync(Name + "y", cancellationToken: Token).AsTask()));
        texts.Add(await MessageOfAsync(() => host.Resolver.GetInstanceAsync(Name, new ServiceQuery { Shard = Name }, Token).AsTask()));
        texts.Add(await MessageOfAsync(() => registration.UpdateAsync(new ServiceRegistrationOptions { Name = "other" }, Token)));
        texts.Add(await MessageOfAsync(() => Task.FromResult(snapshot.Instances[0].Ports![Name])));
        texts.Add(await MessageOfAsync(() => Task.FromResult(snapshot.Service.GetUri(Name))));
        await registration.DisposeAsync();

        texts.AddRange(host.Logs.Lines.Where(line => line.Category.StartsWith("EtcdDiscovery", StringComparison.Ordinal)).SelectMany(line => new[] { line.Message, line.State }));
        Assert.Contains(texts, text => text.Contains("pohs", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains("fake: line", StringComparison.Ordinal));
        Assert.All(texts, text => Assert.DoesNotContain(text.EnumerateRunes(), IsUnsafe));
        Assert.All(texts, text => Assert.DoesNotContain(new string('x', 201), text, StringComparison.Ordinal));
        Assert.All(texts, text => Assert.True(text.Length < 10_000));
    }

    private static bool IsUnsafe(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static async Task<string> MessageOfAsync(Func<Task> action) => (await Assert.ThrowsAnyAsync<Exception>(action)).Message;
}
