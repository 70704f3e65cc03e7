using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>What must hold for a registered application after any failure of etcd.</summary>
internal static class RegisteredApp
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// Waits until both keys exist under the same id, the application resolves itself as the only instance, and changes by others are
    /// noticed.
    /// </summary>
    public static async Task WaitUntilIntactAsync(this App app, RawKeys keys, string service)
    {
        var (directory, info) = ($"/services/{service}/", $"/services_infos/{service}");
        await Eventually.TrueAsync(
            async () => await HasKeysAsync() && app.Registration.IsRegistered && await ResolvesItselfAsync(),
            "the application is registered and resolves itself");

        // The watch of the own keys is established again, too.
        await keys.DeleteAsync(directory + app.Registration.Id);
        await Eventually.TrueAsync(HasKeysAsync, "a deleted instance is restored");

        async Task<bool> HasKeysAsync() =>
            await keys.ReadAsync(directory) is [var (key, _)] && key == directory + app.Registration.Id
            && await keys.FindAsync(info) is not null;

        async Task<bool> ResolvesItselfAsync() =>
            await app.Services.SnapshotAsync(service, Token) is { Freshness: Freshness.Live, Instances: [var instance] }
            && instance.Id == app.Registration.Id;
    }
}
