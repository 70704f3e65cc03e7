using System.Text;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Every transition of a registration's desired and stored state.</summary>
public sealed class ReconcileStateTests : IAsyncDisposable
{
    private readonly InMemoryDiscoveryStore _store = new();
    private readonly IDiscoverySession _session;

    public ReconcileStateTests()
    {
        var opening = _store.OpenSessionAsync(TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.True(opening.IsCompletedSuccessfully);
        _session = opening.Result;
    }

    [Fact]
    public void New_State_WantsBothKeys()
    {
        var content = Content("a");

        Assert.True(content.NeedsWrite(_session));
        Assert.False(content.IsStoredIn(_session));
        Assert.False(content.IsStoredIn(null));
    }

    [Fact]
    public void Written_AllKeys_IsSettled()
    {
        var content = Registered(Content("a", DescriptionWriteMode.Overwrite), 10);

        Assert.False(content.NeedsWrite(_session));
        Assert.True(content.NeedsWrite(null));
        Assert.Equal((DescriptionWriteMode.EnsureExists, 10L, null), (content.WriteMode, content.DescriptionRevision, content.Writing));
    }

    [Fact]
    public void Plan_DescriptionHasCredentials_AdoptsThemInBothKeys()
    {
        var write = Content(null).Plan(Info("b", 5));

        Assert.Equal("b", write.Encoded.Instance.Credentials!.User);
        Assert.Null(write.Description);
        Assert.Equal(5, write.DescriptionRevision);
        Assert.Equal("/services/shop/id", Assert.Single(write.Puts).Key);
    }

    [Fact]
    public void Plan_WithOverwrite_ReplacesExactlyTheRevisionRead()
    {
        var write = Content("a", DescriptionWriteMode.Overwrite).Plan(Info("b", 5));

        Assert.Equal("a", write.Encoded.Instance.Credentials!.User);
        Assert.Equal(5, write.Description!.ExpectedRevision);
        Assert.Equal(["/services_infos/shop", "/services/shop/id"], write.Puts.Select(put => put.Key));
    }

    [Fact]
    public void Plan_DescriptionSettled_WritesTheInstanceOnly()
    {
        var content = Registered(Content("a"), 10).OnChanged(Service("a").With(ServiceStatus.Maintenance, "x"), null);

        Assert.True(content.NeedsWrite(_session));
        Assert.Null(content.Plan(null).Description);
    }

    [Fact]
    public void InstanceRead_OwnValueFromBeforeTheLastChange_IsNotAConflict()
    {
        var content = Registered(Content("a"), 10);
        var changed = content.OnChanged(Service("a").With(ServiceStatus.Maintenance, "x"), null);

        Assert.Same(changed, changed.OnInstanceRead(content.Stored!.Value, 15));
        Assert.Null(changed.OnInstanceRead("x"u8.ToArray(), 15).Stored);
        Assert.Null(changed.OnInstanceRead(null, 15).Stored);
    }

    [Fact]
    public void InstanceSeen_PutByOthersWithTheSameValue_IsPutAgain()
    {
        var content = Registered(Content("a"), 10);

        Assert.Same(content, content.OnInstanceSeen(content.Stored!.Value, 10));
        Assert.True(content.OnInstanceSeen(content.Stored!.Value, 11).NeedsWrite(_session));
    }

    [Fact]
    public void InfoSeen_WithOtherCredentials_AdoptsThemAndRewritesTheInstance()
    {
        var content = Registered(Content("a"), 10).OnDescriptionSeen(Info("b", 11), 11);

        Assert.Equal("b", content.Desired.Instance.Credentials!.User);
        Assert.True(content.NeedsWrite(_session));
        Assert.True(content.DescriptionSettled);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(10)]
    public void InfoSeen_OlderThanTheKnownRevision_IsIgnored(long revision)
    {
        var content = Registered(Content("a"), 10);

        Assert.Same(content, content.OnDescriptionSeen(Info("old", revision), revision));
        Assert.Same(content, content.OnDescriptionSeen(null, revision));
    }

    [Fact]
    public void InfoSeen_Deleted_IsRestoredWithTheNewestCredentials()
    {
        var content = Registered(Content("a"), 10).OnDescriptionSeen(Info("b", 11), 11).OnDescriptionSeen(null, 12);

        Assert.False(content.DescriptionSettled);
        var info = Decode(content.Plan(null).Description!);
        Assert.Equal("b", info.Credentials!.User);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"name":"shop","critical":false}""")]
    [InlineData("""{"name":"shop","critical":false,"user":"x","password":"y"}""")]
    public void InfoSeen_WithoutCredentials_KeepsThemAndRestoresTheDescription(string value)
    {
        var there = new StoreEntry("/services_infos/shop", Encoding.UTF8.GetBytes(value), 11);

        var content = Registered(Content("a"), 10).OnDescriptionSeen(there, 11);

        Assert.Equal("a", content.Desired.Instance.Credentials!.User);
        Assert.True(content.NeedsWrite(_session));
        var put = content.Plan(there).Description!;
        Assert.Equal("a", Decode(put).Credentials!.User);
        Assert.Equal(11, put.ExpectedRevision);
    }

    [Fact]
    public void InstanceSeen_OwnWriteBeforeItsAnswer_IsNotAConflict()
    {
        var content = Registered(Content("a"), 10).OnChanged(Service("a", "h2.dev"), null);
        var write = content.Plan(null);
        content = content.OnWriting(write);

        var seen = content.OnInstanceSeen(write.Encoded.Value, 11);
        Assert.Same(content, seen);

        seen = seen.OnWritten(write, _session, 11);
        Assert.False(seen.NeedsWrite(_session));
        Assert.Same(seen, seen.OnInstanceSeen(write.Encoded.Value, 11));
    }

    [Fact]
    public void InstanceSeen_OwnEarlierWriteLate_IsNotAConflict()
    {
        var content = Registered(Content("a"), 10);
        var before = content.Desired.Value;
        content = content.OnChanged(Service("a", "h2.dev"), null);
        content = Written(content, null, 11);

        Assert.Same(content, content.OnInstanceSeen(before, 10));
    }

    [Fact]
    public void InstanceSeen_DeletedOrOverwritten_IsPutAgain()
    {
        var content = Registered(Content("a"), 10);

        Assert.True(content.OnInstanceSeen(null, 11).NeedsWrite(_session));
        Assert.True(content.OnInstanceSeen("x"u8.ToArray(), 11).NeedsWrite(_session));
        Assert.False(content.OnInstanceSeen(null, 9).NeedsWrite(_session));
    }

    [Fact]
    public void InstanceSeen_OverwrittenBeforeTheAnswerToAnEarlierWrite_IsPutAgain()
    {
        var content = Content("a");
        var write = content.Plan(null);
        content = content.OnWriting(write).OnInstanceSeen(write.Encoded.Value, 10).OnInstanceSeen(null, 11);

        Assert.True(content.OnWritten(write, _session, 10).NeedsWrite(_session));
    }

    [Fact]
    public void Written_ByAnotherAfterAnEarlierOverwrite_IsKept()
    {
        var content = Registered(Content("a"), 10).OnInstanceSeen(null, 11);

        Assert.False(Written(content, Info("a", 10), 12).NeedsWrite(_session));
    }

    [Fact]
    public void Written_ChangedByTheApplicationMeanwhile_IsWrittenAgain()
    {
        var content = Registered(Content("a"), 10).OnChanged(Service("b"), DescriptionWriteMode.Overwrite);
        var write = content.Plan(Info("a", 10));
        content = content.OnWriting(write).OnChanged(Service("c"), DescriptionWriteMode.Overwrite).OnWritten(write, _session, 11);

        Assert.True(content.NeedsWrite(_session));
        var again = content.Plan(Info("b", 11));
        Assert.Equal("c", Decode(again.Description!).Credentials!.User);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Written_InTwoChangesWithAnOverwriteByOthersBetween_YieldsToIt(bool seenFirst)
    {
        // As in etcd v2: the description at index 10, another host's at 11, then the instance at 12.
        var content = Content("a", DescriptionWriteMode.Overwrite);
        var write = content.Plan(null);
        content = content.OnWriting(write);
        content = seenFirst
            ? content.OnDescriptionSeen(Info("b", 11), 11).OnWritten(write, _session, 12, 10)
            : content.OnWritten(write, _session, 12, 10).OnDescriptionSeen(Info("b", 11), 11);

        Assert.True(content.NeedsWrite(_session));
        var again = content.Plan(Info("b", 11));
        Assert.Null(again.Description);
        Assert.Equal("b", again.Encoded.Instance.Credentials!.User);
    }

    [Fact]
    public void Written_OverwrittenByOthersMeanwhile_YieldsToThem()
    {
        var content = Content("a", DescriptionWriteMode.Overwrite);
        var write = content.Plan(null);
        content = content.OnWriting(write).OnDescriptionSeen(Info("b", 11), 11).OnWritten(write, _session, 10);

        Assert.True(content.NeedsWrite(_session));
        var again = content.Plan(Info("b", 11));
        Assert.Null(again.Description);
        Assert.Equal("b", again.Encoded.Instance.Credentials!.User);
        Assert.False(content.OnWriting(again).OnWritten(again, _session, 12).NeedsWrite(_session));
    }

    [Fact]
    public void Writing_WithoutAnswer_MayHaveSucceededAndIsWrittenAgain()
    {
        var content = Registered(Content("a"), 10);
        var before = content.Desired;
        content = content.OnChanged(before.With(ServiceStatus.Maintenance, null), null);
        var lost = content.Plan(null);
        content = content.OnWriting(lost).OnInstanceSeen(lost.Encoded.Value, 11);

        var back = content.OnChanged(before, null);

        Assert.True(back.NeedsWrite(_session));
        Assert.False(Written(back, null, 12).NeedsWrite(_session));
    }

    [Fact]
    public void Changed_WithAWeakerWriteMode_KeepsTheStrongerOne()
    {
        var content = Content("a", DescriptionWriteMode.Overwrite).OnChanged(Service("a", "h2.dev"), DescriptionWriteMode.Update);

        Assert.Equal(DescriptionWriteMode.Overwrite, content.WriteMode);
        Assert.Equal(1, content.Version);
    }

    [Fact]
    public void Changed_StatusOnly_DoesNotReadTheDescription() =>
        Assert.True(Registered(Content("a"), 10).OnChanged(Service("a"), null).DescriptionSettled);

    [Fact]
    public void StoreUnknown_AfterAWipe_WritesBothAgainWithTheNewestCredentials()
    {
        var content = Registered(Content("a", DescriptionWriteMode.Overwrite), 10).OnDescriptionSeen(Info("b", 11), 11).OnStoreUnknown();

        Assert.True(content.NeedsWrite(_session));
        Assert.Equal("b", Decode(content.Plan(null).Description!).Credentials!.User);
        // Revisions of the new history may be lower.
        Assert.Equal("c", content.OnDescriptionSeen(Info("c", 2), 2).Desired.Instance.Credentials!.User);
        Assert.Equal("c", content.Plan(Info("c", 2)).Encoded.Instance.Credentials!.User);
    }

    [Fact]
    public void PrivateContent_OverAPublicDescription_KeepsItsOwnCredentials()
    {
        var service = new EncodedInstance(Service("a").Instance with { Public = false });
        var content = new ReconcileState(service, DescriptionWriteMode.Overwrite);

        var write = content.Plan(Info("b", 5));

        Assert.Null(write.Description);
        Assert.Equal("a", write.Encoded.Instance.Credentials!.User);
        Assert.Null(Decode(content.Plan(null).Description!).Credentials);
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static ReconcileState Content(string? user, DescriptionWriteMode intent = DescriptionWriteMode.Update) =>
        new(Service(user), intent);

    private static EncodedInstance Service(string? user, string hostname = "h.dev") => new(new ServiceInstance
    {
        Id = "id",
        ServiceName = "shop",
        Hostname = hostname,
        Public = true,
        Credentials = user is null ? null : new(user, "p"),
    });

    private static StoreEntry Info(string user, long revision) =>
        new("/services_infos/shop", ServiceJson.Encode(Service(user).Description), revision);

    private static ServiceInfo Decode(StorePut put)
    {
        Assert.True(ServiceJson.TryDecode("shop", put.Value, out ServiceInfo? info, out _));
        return info;
    }

    private ReconcileState Registered(ReconcileState content, long revision) => Written(content, null, revision);

    private ReconcileState Written(ReconcileState content, StoreEntry? info, long revision)
    {
        var write = content.Plan(info);
        return content.OnWriting(write).OnWritten(write, _session, revision);
    }
}
