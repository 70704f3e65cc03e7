using System.Net;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Tool.Doctor;

/// <summary>Checks whether the user may read and write each prefix, with the v2 keys API. Writes nothing.</summary>
internal sealed class V2AccessChecks(EtcdMember member, EtcdDiscoveryOptions options)
{
    public async Task<IReadOnlyList<Finding>> RunAsync(IReadOnlyList<string> prefixes, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var prefix in prefixes)
        {
            findings.Add(await CheckAsync("read", prefix, HttpMethod.Get, PathOf(prefix.TrimEnd('/')), cancellationToken));
            // With prevExist=true, a key that does not exist is not written, but etcd checks the permission first.
            findings.Add(await CheckAsync(
                "write", prefix, HttpMethod.Put, PathOf(prefix + "etcd-discovery-doctor") + "?prevExist=true", cancellationToken));
        }

        return findings;
    }

    private static string PathOf(string key) => "/v2/keys" + string.Join('/', key.Split('/').Select(Uri.EscapeDataString));

    private async Task<Finding> CheckAsync(string check, string prefix, HttpMethod method, string path, CancellationToken cancellationToken)
    {
        try
        {
            using var content = method == HttpMethod.Put ? new FormUrlEncodedContent([KeyValuePair.Create("value", "")]) : null;
            using var response = await member.SendAsync(method, path, withLogin: true, content, cancellationToken);
            // 404 means that the key does not exist. etcd reveals this only to users with permission.
            return response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? Refused(check, prefix)
                : Finding.Ok(check, prefix, "allowed");
        }
        catch (Exception error) when (member.Describe(error) is { } reason && !cancellationToken.IsCancellationRequested)
        {
            return Finding.Problem(check, prefix, reason, "see the lines for the endpoints");
        }
    }

    private Finding Refused(string check, string prefix)
    {
        var user = string.IsNullOrEmpty(options.Etcd.User) ? "a client without a user" : $"user '{LogSanitizer.Sanitize(options.Etcd.User)}'";
        return new(
            check == "read" ? Severity.Problem : Severity.Warning,
            check,
            prefix,
            $"refused for {user}: wrong password or missing role{(check == "read" ? "" : "; needed only to register")}",
            $"check EtcdDiscovery:Etcd:User and Password, then: etcdctl role grant ROLE --{(check == "read" ? "read" : "readwrite")} --path '{prefix}*' (ETCDCTL_API=2)");
    }
}
