using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>What has to be true of an application that is registered, after whatever happened to etcd.</summary>
internal static class RegisteredApp
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Waits until it is whole: both keys, the same id, itself as the only instance, and others' deeds noticed.</summary>
    public static async Task IsWholeAsync(this App app, RawKeys keys, string service)
    {
        var (directory, info) = ($"/services/{service}/", $"/services_infos/{service}");
        await Eventually.TrueAsync(
            async () => await HasKeysAsync() && app.Registration.IsRegistered && await SeesItselfAsync(),
            "it is registered, and knows and sees it");

        // What watches etcd has come over, too.
        await keys.DeleteAsync(directory + app.Registration.Id);
        await Eventually.TrueAsync(HasKeysAsync, "a deleted instance is put again");

        async Task<bool> HasKeysAsync() =>
            await keys.ReadAsync(directory) is [var (key, _)] && key == directory + app.Registration.Id
            && await keys.FindAsync(info) is not null;

        async Task<bool> SeesItselfAsync() =>
            await app.Services.SnapshotAsync(service, Token) is { Freshness: Freshness.Live, Instances: [var instance] }
            && instance.Id == app.Registration.Id;
    }
}
