using EtcdDiscovery.Tests.Documentation;

namespace EtcdDiscovery.Tests.Transport;

/// <summary>What docs/security.md tells operators to do, and the users that etcd has after that.</summary>
internal static class SecurityGuide
{
    public const string Root = "root:change-me-root";

    /// <summary>The commands of one of its blocks.</summary>
    public static List<string> Commands(int block) =>
        Markdown.Lines(Markdown.Blocks(Repository.Read("docs/security.md"), "sh").ElementAt(block));

    /// <summary>The settings of a host that may register, for one session that outlives any test.</summary>
    public static Dictionary<string, string?> Registering(Dictionary<string, string?> settings) => new(settings)
    {
        ["TimeToLive"] = "00:10:00",
        ["Service:Hostname"] = "h.dev",
        ["Service:Ports:http"] = "80",
        ["Etcd:User"] = "discovery",
        ["Etcd:Password"] = "change-me",
    };
}
