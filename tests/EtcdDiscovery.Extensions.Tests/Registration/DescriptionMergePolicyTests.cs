using System.Text;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>The decision tables of agreement: what each host adopts, and what it writes.</summary>
public sealed class DescriptionMergePolicyTests
{
    private const string Public = """{"name":"shop","critical":false,"hostname":"h.dev","public":true}""";
    private const string PublicWithA = """{"name":"shop","critical":false,"hostname":"h.dev","user":"a","password":"pa","public":true}""";
    private const string PublicWithB = """{"name":"shop","critical":false,"hostname":"h.dev","user":"b","password":"pb","public":true}""";
    private const string OtherWithA = """{"name":"shop","critical":true,"hostname":"other.dev","user":"a","password":"pa","public":true}""";
    private const string Private = """{"name":"shop","critical":false}""";
    private const string PrivateWithB = """{"name":"shop","critical":false,"user":"b","password":"pb"}""";
    private const string Unreadable = "{";

    [Theory]
    // A host with Overwrite keeps its own credentials.
    [InlineData(true, "a", nameof(DescriptionWriteMode.Overwrite), PublicWithB, "a")]
    [InlineData(true, null, nameof(DescriptionWriteMode.Overwrite), PublicWithB, null)]
    [InlineData(true, "a", nameof(DescriptionWriteMode.Overwrite), null, "a")]
    // Any other host adopts those of the description.
    [InlineData(true, "a", nameof(DescriptionWriteMode.Update), PublicWithB, "b")]
    [InlineData(true, null, nameof(DescriptionWriteMode.Update), PublicWithB, "b")]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), PublicWithB, "b")]
    [InlineData(true, null, nameof(DescriptionWriteMode.EnsureExists), PublicWithB, "b")]
    // A description without credentials clears none.
    [InlineData(true, "a", nameof(DescriptionWriteMode.Update), Public, "a")]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), Public, "a")]
    [InlineData(true, "a", nameof(DescriptionWriteMode.Update), null, "a")]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), null, "a")]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), Private, "a")]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), PrivateWithB, "a")]
    [InlineData(true, null, nameof(DescriptionWriteMode.EnsureExists), PrivateWithB, null)]
    // A private host shares nothing.
    [InlineData(false, "a", nameof(DescriptionWriteMode.Update), PublicWithB, "a")]
    [InlineData(false, null, nameof(DescriptionWriteMode.EnsureExists), PublicWithB, null)]
    [InlineData(false, "a", nameof(DescriptionWriteMode.Overwrite), PublicWithB, "a")]
    public void Agree_EveryDescription_FollowsTheTable(
        bool isPublic, string? ours, string intent, string? there, string? expected)
    {
        var agreed = DescriptionMergePolicy.AgreeOnCredentials(
            Instance(isPublic, ours), Enum.Parse<DescriptionWriteMode>(intent), CredentialPolicy.Share, Read(there));

        Assert.Equal(Credentials(expected), agreed);
    }

    [Theory]
    // As in Go, even missing credentials are adopted, but only from a public description.
    [InlineData("a", nameof(DescriptionWriteMode.EnsureExists), Public, null)]
    [InlineData("a", nameof(DescriptionWriteMode.EnsureExists), PublicWithB, "b")]
    [InlineData("a", nameof(DescriptionWriteMode.Overwrite), PublicWithB, "a")]
    [InlineData("a", nameof(DescriptionWriteMode.Overwrite), Public, "a")]
    [InlineData("a", nameof(DescriptionWriteMode.EnsureExists), PrivateWithB, "a")]
    [InlineData("a", nameof(DescriptionWriteMode.EnsureExists), Private, "a")]
    [InlineData("a", nameof(DescriptionWriteMode.EnsureExists), null, "a")]
    public void Agree_HostThatOverwrites_FollowsGo(string? ours, string intent, string? there, string? expected)
    {
        var agreed = DescriptionMergePolicy.AgreeOnCredentials(
            Instance(true, ours), Enum.Parse<DescriptionWriteMode>(intent), CredentialPolicy.Overwrite, Read(there));

        Assert.Equal(Credentials(expected), agreed);
    }

    [Theory]
    // Without a description, the first host writes one.
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), null, true)]
    [InlineData(true, null, nameof(DescriptionWriteMode.Update), null, true)]
    [InlineData(false, null, nameof(DescriptionWriteMode.EnsureExists), null, true)]
    // The same bytes are not written again.
    [InlineData(true, "a", nameof(DescriptionWriteMode.Overwrite), PublicWithA, false)]
    [InlineData(true, null, nameof(DescriptionWriteMode.Update), Public, false)]
    [InlineData(false, null, nameof(DescriptionWriteMode.Update), Private, false)]
    // The last host to register writes the description; later, all leave it alone.
    [InlineData(true, "a", nameof(DescriptionWriteMode.Overwrite), PublicWithB, true)]
    [InlineData(true, null, nameof(DescriptionWriteMode.Overwrite), PublicWithB, true)]
    [InlineData(true, "a", nameof(DescriptionWriteMode.Update), OtherWithA, true)]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), OtherWithA, false)]
    [InlineData(true, null, nameof(DescriptionWriteMode.EnsureExists), PublicWithB, false)]
    // A private host never replaces a public description.
    [InlineData(false, null, nameof(DescriptionWriteMode.Update), PublicWithB, false)]
    [InlineData(false, null, nameof(DescriptionWriteMode.Overwrite), PublicWithB, false)]
    [InlineData(false, null, nameof(DescriptionWriteMode.Overwrite), Public, false)]
    // A private or unreadable description, or one without credentials, is corrected at any time.
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), Private, true)]
    [InlineData(true, null, nameof(DescriptionWriteMode.EnsureExists), Private, true)]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), Public, true)]
    [InlineData(true, "a", nameof(DescriptionWriteMode.EnsureExists), Unreadable, true)]
    [InlineData(true, null, nameof(DescriptionWriteMode.EnsureExists), "", true)]
    [InlineData(false, null, nameof(DescriptionWriteMode.EnsureExists), Unreadable, true)]
    [InlineData(true, null, nameof(DescriptionWriteMode.EnsureExists), Public, false)]
    public void Write_EveryDescription_FollowsTheTable(
        bool isPublic, string? ours, string intent, string? there, bool writes)
    {
        const int revision = 7;
        var info = new EncodedInstance(Instance(isPublic, ours)).Description;
        StoreEntry? existing = there is null ? null : new StoreEntry("/services_infos/shop", Bytes(there), revision);

        var put = DescriptionMergePolicy.PlanWrite(info, Enum.Parse<DescriptionWriteMode>(intent), existing);

        Assert.Equal(writes, put is not null);
        if (put is { } written)
        {
            Assert.Equal(("/services_infos/shop", true), (written.Key, written.IsDurable));
            Assert.Equal(there is null ? 0 : revision, written.ExpectedRevision);
            Assert.Equal(ServiceJson.Encode(info), written.Value.ToArray());
        }
    }

    private static ServiceInstance Instance(bool isPublic, string? user) => new()
    {
        Id = "id",
        ServiceName = "shop",
        Hostname = "h.dev",
        Public = isPublic,
        Credentials = Credentials(user),
    };

    private static ServiceCredentials? Credentials(string? user) => user is null ? null : new(user, "p" + user);

    private static ServiceInfo? Read(string? there) =>
        there is not null && ServiceJson.TryDecode("shop", Bytes(there), out ServiceInfo? info, out _) ? info : null;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
