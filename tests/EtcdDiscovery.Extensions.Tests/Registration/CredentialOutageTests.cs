using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>No change of credentials is missed, whatever happens to the watch.</summary>
public sealed class CredentialOutageTests
{
    [Fact]
    public async Task Hosts_EtcdRestarted_ObserveAChangeRightAfterIt()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = new CredentialFleet(server);
        await fleet.StartAsync("a");
        await fleet.StartAsync();
        await fleet.WaitForCredentialsAsync("a");

        await server.KillAsync();
        await server.RestartAsync(wipe: false);
        await fleet.PutInfoAsync(fleet.PublicInfo("meanwhile"));

        await fleet.WaitForCredentialsAsync("meanwhile");
        Assert.Equal(fleet.PublicInfo("meanwhile"), await fleet.InfoAsync());
    }

    [Fact]
    public async Task Hosts_EtcdWiped_RestoreTheNewestCredentials()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = new CredentialFleet(server);
        await fleet.StartAsync("a");
        await fleet.StartAsync();
        await fleet.PutInfoAsync(fleet.PublicInfo("newest"));
        await fleet.WaitForCredentialsAsync("newest");

        await server.KillAsync();
        await server.RestartAsync(wipe: true);

        await fleet.WaitForCredentialsAsync("newest");
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Hosts_RevisionCompactedWhileTheWatchIsDown_ReadAndCompare(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        using var gate = new WatchGate();
        await using var fleet = new CredentialFleet(server) { Wrap = gate.Guard };
        await fleet.StartAsync("a");
        var b = await fleet.StartAsync();
        await fleet.WaitForCredentialsAsync("a");
        await using var seenByB = new CredentialReader(b);
        Assert.Equal("a", await seenByB.NextAsync());

        gate.Close();
        await fleet.PutInfoAsync(fleet.PublicInfo("skipped"));
        await fleet.PutInfoAsync(fleet.PublicInfo("meanwhile"));
        await CompactAsync(server);
        Assert.Equal("a", CredentialFleet.UserOf(b));
        gate.Open();

        Assert.Equal("meanwhile", await seenByB.NextAsync());
        await fleet.WaitForCredentialsAsync("meanwhile");
        // The watch continues from there.
        await fleet.PutInfoAsync(fleet.PublicInfo("later"));
        await fleet.WaitForCredentialsAsync("later");
    }

    [Fact]
    public async Task Hosts_DescriptionDeletedAndCompactedWhileTheWatchIsDown_RestoreIt()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        using var gate = new WatchGate();
        await using var fleet = new CredentialFleet(server) { Wrap = gate.Guard };
        await fleet.StartAsync("a");
        await fleet.WaitForCredentialsAsync("a");

        gate.Close();
        await fleet.DeleteInfoAsync();
        await server.PutAsync("/other", "x");
        await CompactAsync(server);
        gate.Open();

        await fleet.WaitForCredentialsAsync("a");
    }

    private static async Task CompactAsync(EtcdServer server)
    {
        var put = await server.PostAsync("/v3/kv/put", new JsonObject { ["key"] = "eA==", ["value"] = "eA==" });
        await server.PostAsync("/v3/kv/compaction", new JsonObject { ["revision"] = (string)put["header"]!["revision"]!, ["physical"] = true });
    }

    /// <summary>While closed, ends the watches of every host and refuses new ones.</summary>
    private sealed class WatchGate : IDisposable
    {
        private volatile CancellationTokenSource _closing = new();
        private volatile bool _isClosed;

        public IDiscoveryStore Guard(IDiscoveryStore store) => new GatedStore(store, this);

        public void Close()
        {
            _isClosed = true;
            _closing.Cancel();
        }

        public void Open()
        {
            var before = _closing;
            _closing = new CancellationTokenSource();
            _isClosed = false;
            before.Dispose();
        }

        public void Dispose() => _closing.Dispose();

        private sealed class GatedStore(IDiscoveryStore inner, WatchGate gate) : StoreDecorator(inner)
        {
            public override async IAsyncEnumerable<StoreBatch> WatchAsync(
                IReadOnlyList<StoreRange> ranges,
                StoreRevision after,
                [EnumeratorCancellation] CancellationToken cancellationToken)
            {
                var closing = gate._closing.Token;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(closing, cancellationToken);
                await using var batches = base.WatchAsync(ranges, after, either.Token).GetAsyncEnumerator(either.Token);
                while (await NextAsync(batches, closing, cancellationToken))
                {
                    yield return batches.Current;
                }
            }

            private async Task<bool> NextAsync(
                IAsyncEnumerator<StoreBatch> batches, CancellationToken closing, CancellationToken cancellationToken)
            {
                try
                {
                    return !gate._isClosed && await batches.MoveNextAsync()
                        ? true
                        : throw new EtcdDiscoveryException("The watch is down.", isTransient: true);
                }
                catch (OperationCanceledException) when (closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    throw new EtcdDiscoveryException("The watch is down.", isTransient: true);
                }
            }
        }
    }
}
