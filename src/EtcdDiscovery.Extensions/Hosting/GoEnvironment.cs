using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Hosting;

/// <summary>The environment variables of Go's etcd-discovery, as defaults below the configuration.</summary>
internal sealed class GoEnvironment(Func<string, string?> variable) : IPostConfigureOptions<EtcdDiscoveryOptions>
{
    private const string DefaultEndpoint = "http://127.0.0.1:2379";

    private static readonly string[] TlsVariables = ["ETCD_CACERT", "ETCD_TLS_CERT", "ETCD_TLS_KEY"];

    public Func<string, string?> Variable => variable;

    public void PostConfigure(string? name, EtcdDiscoveryOptions options)
    {
        var isOurs = options.Etcd.Endpoints.Count == 0;
        if (isOurs)
        {
            var hosts = Endpoints("ETCD_HOSTS");
            hosts = hosts.Length > 0 ? hosts : Endpoints("ETCD_HOST");
            options.Etcd.Endpoints = hosts.Length > 0 ? hosts : [DefaultEndpoint];
        }

        if (SaysNothing(options.Etcd.Tls) && TlsOf() is { } tls && (isOurs || options.Etcd.Endpoints.All(IsSecured)))
        {
            options.Etcd.Tls = tls;
            options.Etcd.Endpoints = [.. options.Etcd.Endpoints.Select(Secured)];
        }
    }

    private string[] Endpoints(string name) =>
        variable(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Those of the three variables for TLS that are missing while others are there, so that none counts.</summary>
    public IReadOnlyList<string> FindMissingForTls()
    {
        var missing = TlsVariables.Where(name => string.IsNullOrEmpty(variable(name))).ToList();
        return missing.Count < TlsVariables.Length ? missing : [];
    }

    // As in Go: all three or none. ETCD_TLS_INMEMORY says that they hold base64, not paths; one can see that.
    private EtcdTlsOptions? TlsOf() => TlsVariables.Any(name => string.IsNullOrEmpty(variable(name))) ? null : new()
    {
        CertificateAuthority = variable(TlsVariables[0]),
        Certificate = variable(TlsVariables[1]),
        Key = variable(TlsVariables[2]),
    };

    private static bool SaysNothing(EtcdTlsOptions tls) =>
        new[] { tls.CertificateAuthority, tls.Certificate, tls.Key, tls.ServerName }.All(string.IsNullOrEmpty);

    private static bool IsSecured(string endpoint) => endpoint.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    // As in Go, which speaks TLS to http:// addresses too once it has certificates.
    private static string Secured(string endpoint)
    {
        const string plain = "http://";
        var address = endpoint.StartsWith(plain, StringComparison.OrdinalIgnoreCase) ? endpoint[plain.Length..] : endpoint;
        return address.Contains("://", StringComparison.Ordinal) ? endpoint : "https://" + address;
    }
}
