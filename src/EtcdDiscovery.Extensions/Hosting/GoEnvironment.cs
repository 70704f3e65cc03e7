using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Hosting;

/// <summary>The environment variables of Go's etcd-discovery, as defaults below the configuration.</summary>
internal sealed class GoEnvironment(Func<string, string?> variable) : IPostConfigureOptions<EtcdDiscoveryOptions>
{
    private const string DefaultEndpoint = "http://127.0.0.1:2379";

    public Func<string, string?> Variable => variable;

    public void PostConfigure(string? name, EtcdDiscoveryOptions options)
    {
        if (options.Etcd.Endpoints.Count > 0)
        {
            return;
        }

        var hosts = Endpoints("ETCD_HOSTS");
        hosts = hosts.Length > 0 ? hosts : Endpoints("ETCD_HOST");
        options.Etcd.Endpoints = hosts.Length > 0 ? hosts : [DefaultEndpoint];
    }

    private string[] Endpoints(string name) =>
        variable(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
