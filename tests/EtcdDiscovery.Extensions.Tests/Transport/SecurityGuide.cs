using EtcdDiscovery.Tests.Documentation;

namespace EtcdDiscovery.Tests.Transport;

/// <summary>The commands in docs/security.md, and the users that they create.</summary>
internal static class SecurityGuide
{
    public const string Root = "root:change-me-root";

    /// <summary>Returns the commands of a code block.</summary>
    public static List<string> Commands(int block) =>
        Markdown.Lines(Markdown.Blocks(Repository.Read("docs/security.md"), "sh").ElementAt(block));

    /// <summary>Returns the settings of a host that may register. Its session outlives any test.</summary>
    public static Dictionary<string, string?> Registering(Dictionary<string, string?> settings) => new(settings)
    {
        ["TimeToLive"] = "00:10:00",
        ["Service:Hostname"] = "h.dev",
        ["Service:Ports:http"] = "80",
        ["Etcd:User"] = "discovery",
        ["Etcd:Password"] = "change-me",
    };
}
