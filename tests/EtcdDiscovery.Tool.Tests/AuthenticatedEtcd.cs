using System.Text;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tool.Tests;

/// <summary>Enables authentication in etcd, with a read-only user, a read-write user and a user without permissions.</summary>
internal static class AuthenticatedEtcd
{
    /// <summary>The password of every user.</summary>
    public const string Password = "secret-word";

    public static async Task EnableAuthAsync(this EtcdServer etcd)
    {
        await etcd.PostAsync("/v3/auth/role/add", new JsonObject { ["name"] = "root" });
        foreach (var user in new[] { "root", "reader", "writer", "unprivileged" })
        {
            await etcd.PostAsync("/v3/auth/user/add", new JsonObject { ["name"] = user, ["password"] = Password });
        }

        foreach (var (role, permission) in new[] { ("reader", "READ"), ("writer", "READWRITE") })
        {
            await etcd.PostAsync("/v3/auth/role/add", new JsonObject { ["name"] = role });
            foreach (var prefix in new[] { "/services", "/services_infos" })
            {
                var range = new JsonObject { ["permType"] = permission, ["key"] = Encode(prefix + "/"), ["range_end"] = Encode(prefix + "0") };
                await etcd.PostAsync("/v3/auth/role/grant", new JsonObject { ["name"] = role, ["perm"] = range });
            }
        }

        foreach (var user in new[] { "root", "reader", "writer" })
        {
            await etcd.PostAsync("/v3/auth/user/grant", new JsonObject { ["user"] = user, ["role"] = user });
        }

        await etcd.PostAsync("/v3/auth/enable", []);
    }

    public static async Task EnableV2AuthAsync(this EtcdServer etcd)
    {
        using var http = new HttpClient { BaseAddress = new Uri(etcd.Endpoint + "/v2/auth/") };
        await PutAsync("users/root", $$"""{"user":"root","password":"{{Password}}"}""");
        await PutAsync("roles/reader", """{"role":"reader","permissions":{"kv":{"read":["/services*","/services_infos*"],"write":[]}}}""");
        await PutAsync("users/reader", $$"""{"user":"reader","password":"{{Password}}","roles":["reader"]}""");
        await PutAsync("enable", "");
        http.DefaultRequestHeaders.Authorization = new("Basic", Encode($"root:{Password}"));
        await PutAsync("roles/guest", """{"role":"guest","revoke":{"kv":{"read":["/*"],"write":["/*"]}}}""");

        async Task PutAsync(string path, string json)
        {
            using var content = new StringContent(json, Encoding.UTF8, "application/json");
            using var response = await http.PutAsync(path, content, CancellationToken.None);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(CancellationToken.None));
        }
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
